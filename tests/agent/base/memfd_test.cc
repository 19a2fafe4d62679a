// Seals: what is received is what nobody can change any more.
#include "agent/base/memfd.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

namespace imrs {
namespace {

constexpr std::array<std::uint8_t, 5> kContent{1, 2, 3, 4, 5};

UniqueFd memfd_with_seals(int seals) {
  UniqueFd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::write(fd.get(), kContent.data(), kContent.size()), 5);
  EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

TEST(Memfd, SealedIsReadableAndCannotChange) {
  const auto fd = make_sealed_memfd("test", kContent);
  ASSERT_TRUE(fd.ok());
  const auto mapped = map_sealed(fd->get());
  ASSERT_TRUE(mapped.ok());
  EXPECT_THAT(mapped->bytes(), testing::ElementsAreArray(kContent));
  EXPECT_LT(::pwrite(fd->get(), "x", 1, 0), 0);
  EXPECT_NE(::ftruncate(fd->get(), 0), 0);
  EXPECT_NE(::ftruncate(fd->get(), 9), 0);
  EXPECT_NE(::fcntl(fd->get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
}

TEST(Memfd, RefusesEachMissingSeal) {
  constexpr int kAll = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  for (const int missing : {F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL, kAll}) {
    const UniqueFd fd = memfd_with_seals(kAll & ~missing);
    const auto mapped = map_sealed(fd.get());
    ASSERT_FALSE(mapped.ok()) << missing;
    EXPECT_EQ(mapped.error().code, Errc::Refused) << missing;
  }
  EXPECT_TRUE(map_sealed(memfd_with_seals(kAll).get()).ok());
}

TEST(Memfd, RefusesWhatIsNoMemfd) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(map_sealed(null.get()).ok());
  EXPECT_FALSE(map_sealed(-1).ok());
}

TEST(Memfd, RefusesAnEmptyOne) {
  const auto fd = make_sealed_memfd("test", {});
  ASSERT_TRUE(fd.ok());
  EXPECT_EQ(map_sealed(fd->get()).error().code, Errc::Refused);
}

TEST(Memfd, SharedIsSeenByBothAndKeepsItsSize) {
  const auto fd = make_shared_memfd("test", 4096);
  ASSERT_TRUE(fd.ok());
  const auto writer = map_shared(fd->get(), 4096, true);
  const auto reader = map_shared(fd->get(), 4096, false);
  ASSERT_TRUE(writer.ok() && reader.ok());
  EXPECT_EQ(reader->bytes()[100], 0);
  static_cast<std::uint8_t*>(writer->address())[100] = 9;
  EXPECT_EQ(reader->bytes()[100], 9);
  EXPECT_NE(::ftruncate(fd->get(), 0), 0);
  EXPECT_NE(::ftruncate(fd->get(), 8192), 0);
}

TEST(Memfd, SharedOfAnotherSizeIsRefused) {
  const auto fd = make_shared_memfd("test", 4096);
  ASSERT_TRUE(fd.ok());
  EXPECT_EQ(map_shared(fd->get(), 8192, true).error().code, Errc::Refused);
  const UniqueFd open_ended = memfd_with_seals(F_SEAL_GROW);
  EXPECT_EQ(map_shared(open_ended.get(), 5, false).error().code, Errc::Refused);
}

TEST(Memfd, MappingMovesAndIsReleasedOnce) {
  const auto fd = make_sealed_memfd("test", kContent);
  ASSERT_TRUE(fd.ok());
  Mapping first = std::move(*map_sealed(fd->get()));
  const void* const address = first.address();
  Mapping second = std::move(first);
  EXPECT_EQ(second.address(), address);
  EXPECT_EQ(first.size(), 0U);  // NOLINT: what a moved-from mapping is, is the point
  Mapping third;
  third = std::move(second);
  EXPECT_THAT(third.bytes(), testing::ElementsAreArray(kContent));
}

}  // namespace
}  // namespace imrs
