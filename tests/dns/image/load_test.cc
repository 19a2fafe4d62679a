// Loading: what is damaged, cut, foreign or not sealed is refused with the reason, and no octets, however
// wrong, make a lookup leave the image.
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <random>

#include "dns/image/digest.h"
#include "dns/image/layout.h"
#include "dns/image/lookup.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::image {
namespace {

using test::Octets;

Octets good() { return test::image_octets(test::three_zones()); }

void renew_digest(Octets& image) {
  const Digest digest = digest_of(image);
  std::copy(digest.begin(), digest.end(),
            image.begin() + static_cast<std::ptrdiff_t>(offsetof(FileHeader, digest)));
}

template <typename T>
void put(Octets& image, std::size_t offset, T value) {
  std::memcpy(image.data() + offset, &value, sizeof value);
}

TEST(Load, EachHeaderFieldIsChecked) {
  const struct {
    const char* description;
    void (*damage)(Octets&);
    const char* reason;
  } cases[] = {
      {"magic", [](Octets& i) { i[0] = 'X'; }, "magic"},
      {"version", [](Octets& i) { put(i, offsetof(FileHeader, version), 99U); }, "format version"},
      {"byte order", [](Octets& i) { put(i, offsetof(FileHeader, byte_order), 0x04030201U); }, "byte order"},
      {"size", [](Octets& i) { put(i, offsetof(FileHeader, size), std::uint64_t{64}); }, "cut, or with"},
      {"no zones", [](Octets& i) { put(i, offsetof(FileHeader, zone_count), 0U); }, "zone count"},
      {"too many zones", [](Octets& i) { put(i, offsetof(FileHeader, zone_count), 17U); }, "zone count"},
      {"zones outside", [](Octets& i) { put(i, offsetof(FileHeader, zones), 0xFFFFFFF8U); }, "zone table"},
      {"zones not aligned", [](Octets& i) { put(i, offsetof(FileHeader, zones), 65U); }, "zone table"},
  };
  for (const auto& c : cases) {
    Octets image = good();
    c.damage(image);
    renew_digest(image);
    const auto loaded = Image::adopt(image);
    ASSERT_FALSE(loaded.ok()) << c.description;
    EXPECT_EQ(loaded.error().code, Errc::Refused) << c.description;
    EXPECT_THAT(loaded.error().message, testing::HasSubstr(c.reason)) << c.description;
  }
}

TEST(Load, AnyFlippedBitIsSeen) {
  const Octets whole = good();
  for (std::size_t at = 0; at < whole.size(); at += 37) {
    Octets image = whole;
    image[at] ^= 0x10;
    EXPECT_FALSE(Image::adopt(image).ok()) << at;
  }
}

TEST(Load, EveryCutIsRefused) {
  const Octets whole = good();
  for (std::size_t size = 0; size < whole.size(); size += size < 200 ? 1 : 61) {
    Octets image(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(Image::adopt(image).ok()) << size;
    if (size < sizeof(FileHeader)) continue;
    put(image, offsetof(FileHeader, size), std::uint64_t{size});
    renew_digest(image);
    EXPECT_FALSE(Image::adopt(image).ok()) << size << " with a right digest";
  }
}

constexpr std::uint16_t kTypes[] = {2, 6, 43, 255, 999};

// The sender is not trusted: with a right digest over wrong numbers, an image is refused or answers
// within its bounds (the sanitizers look at that).
TEST(Load, WrongNumbersWithARightDigestDoNoHarm) {
  const Octets whole = good();
  std::mt19937 random(1);
  std::size_t accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    Octets image = whole;
    for (auto flips = 1 + random() % 3; flips > 0; --flips) {
      image[random() % image.size()] = static_cast<std::uint8_t>(random());
    }
    renew_digest(image);
    const auto loaded = Image::adopt(image);
    if (!loaded) continue;
    ++accepted;
    for (const char* name : {".", "alpha.", "x.beta.", "nope.", "arpa.", "x.empty.zeta."}) {
      for (const std::uint16_t type : kTypes) {
        for (const Transport transport : kTransports) {
          (void)test::ask(**loaded, {.name = name, .type = type, .dnssec_ok = true, .transport = transport});
        }
      }
    }
  }
  EXPECT_GT(accepted, 100U);  // or this test shows nothing
}

// An answer of `cuts` cuts and `pointers` pointers, made the root's "no data" answer.
Octets with_body(std::uint16_t cuts, std::uint16_t pointers, std::uint32_t size, bool everywhere) {
  Octets image = good();
  image.resize((image.size() + 7) / 8 * 8);
  const auto at = static_cast<std::uint32_t>(image.size());
  image.resize(at + sizeof(Body) + cuts * sizeof(Cut) + pointers * 2U + size);
  Body body{};
  body.size = size;
  body.fixup_count = pointers;
  body.cut_count = cuts;
  put(image, at, body);
  Cut cut{};
  cut.size = static_cast<std::uint16_t>(size);
  cut.fixups = cut.even_fixups = pointers;
  std::size_t next = at + sizeof(Body);
  for (int i = 0; i < cuts; ++i, next += sizeof(Cut)) put(image, next, cut);
  for (int i = 0; i < pointers; ++i, next += 2) put(image, next, static_cast<std::uint16_t>(2 * i));
  FileHeader header;
  std::memcpy(&header, image.data(), sizeof header);
  ZoneRecord root;
  std::memcpy(&root, image.data() + header.zones + (header.zone_count - 1) * sizeof root, sizeof root);
  put(image, root.apex + offsetof(Node, no_data), at);
  for (std::uint32_t i = 0; everywhere && i < root.slot_count; ++i) {
    put(image, root.slots + i * sizeof(Slot), Slot{0, root.apex});
  }
  put(image, offsetof(FileHeader, size), std::uint64_t{image.size()});
  renew_digest(image);
  return image;
}

// However its parts overlap, an image is seen through in time proportional to its size.
TEST(Load, ABodyThatTakesForEverIsRefused) {
  const struct {
    const char* description;
    std::uint16_t cuts, pointers;
    std::uint32_t size;
    bool everywhere, accepted;
  } cases[] = {{"as usual", 1, 20, 40, false, true},
               {"many cuts", 65535, 0, 0, false, true},
               {"many pointers", 1, 1000, 2000, false, true},
               {"both", 65535, 1000, 2000, false, true},
               {"large, of many names", 1, 0, 60000, true, false}};
  for (const auto& c : cases) {
    const auto loaded = Image::adopt(with_body(c.cuts, c.pointers, c.size, c.everywhere));
    ASSERT_EQ(loaded.ok(), c.accepted) << c.description << (loaded ? "" : loaded.error().message);
    if (loaded) continue;
    EXPECT_THAT(loaded.error().message, testing::HasSubstr("overlap too much")) << c.description;
  }
}

TEST(Load, TooLargeAFileIsNotEvenMapped) {
  const UniqueFd fd(::memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(fd.get(), kMaxImageSize + 1), 0);  // takes no memory unless it is read
  const auto refused = Image::map(fd.get());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::Refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("over 64 MiB"));
}

// A body may be cut to nothing and its pieces be larger than the message: nothing is written then.
TEST(Load, PiecesThatDoNotFitAreNotAppended) {
  struct {
    Body head{.size = 0,
              .flags = 0,
              .answers = 0,
              .authorities = 0,
              .additionals = 0,
              .fixup_count = 0,
              .cut_count = 1};
    Cut cut{};
  } empty;
  struct {
    Body head{.size = 600,
              .flags = 0,
              .answers = 0,
              .authorities = 1,
              .additionals = 0,
              .fixup_count = 0,
              .cut_count = 1};
    Cut cut{.size = 600, .additionals = 0, .fixups = 0, .even_fixups = 0, .sum = 0, .reserved = 0};
    std::array<std::uint8_t, 600> octets{};
  } piece;
  std::array<std::uint8_t, 512> message{};
  const Found found{&empty.head, {&piece.head, nullptr}, 1};
  const Rendered rendered = render(found, message.data(), 20, message.size(), 11);
  EXPECT_TRUE(rendered.truncated);
  EXPECT_EQ(rendered.end, 20U);
}

TEST(Load, MapsASealedMemfdAndNoOther) {
  const Octets image = good();
  const auto sealed = make_sealed_memfd("image", image);
  ASSERT_TRUE(sealed.ok());
  const auto mapped = Image::map(sealed->get());
  ASSERT_TRUE(mapped.ok());
  EXPECT_EQ((*mapped)->digest(), (*Image::adopt(image))->digest());
  const UniqueFd open_ended(::memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::write(open_ended.get(), image.data(), image.size()), static_cast<ssize_t>(image.size()));
  const auto refused = Image::map(open_ended.get());
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, testing::HasSubstr("seals"));
}

TEST(Load, FileThatIsNotThereIsNamed) {
  const auto absent = Image::load_file("/nonexistent/image");
  ASSERT_FALSE(absent.ok());
  EXPECT_THAT(absent.error().message, testing::HasSubstr("/nonexistent/image: No such file"));
  const auto device = Image::load_file("/dev/null");
  ASSERT_FALSE(device.ok());
  EXPECT_THAT(device.error().message, testing::HasSubstr("/dev/null"));
}

}  // namespace
}  // namespace imrs::image
