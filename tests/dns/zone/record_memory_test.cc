// What records count as, against what they really take.
#include "dns/zone/record_memory.h"

#include <gmock/gmock.h>
#include <malloc.h>

#include <cstdio>
#include <functional>

#include "dns/wire/protocol.h"
#include "dns/zone/parse.h"

namespace imrs::zone {
namespace {

using testing::HasSubstr;

// In use, octets. Under a sanitizer that has its own malloc: always the same.
std::size_t allocated() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct Shape {
  const char* description;
  std::function<std::string(int)> owner;
  std::uint16_t type;
  std::size_t rdata;
};

std::string numbered(int i, std::size_t length) {
  const std::string digits = std::to_string(i);
  return digits + std::string(length - digits.size(), 'x') + ".";
}

TEST(RecordMemory, IsNeverLessThanWhatRecordsTake) {
  constexpr std::uint16_t kOpaque = 65400;
  const std::string tail = std::string(62, 'y') + "." + std::string(62, 'z') + "." + std::string(55, 'z');
  const std::vector<Shape> shapes{
      {"short names", [](int i) { return std::to_string(i) + "."; }, kOpaque, 1},
      {"names that just need a block", [](int i) { return numbered(i, 14); }, kOpaque, 9},
      {"long names", [&](int i) { return numbered(i, 60) + tail; }, kOpaque, 250},
      {"large rdata", [](int i) { return numbered(i, 10); }, kOpaque, 1000},
      {"one set", [](int) { return std::string("a."); }, kOpaque, 8},
      {"a few to a set", [](int i) { return numbered(i / 3, 9); }, kOpaque, 8},
  };
  constexpr int kRecords = 5000;
  for (const Shape& shape : shapes) {
    SCOPED_TRACE(shape.description);
    ZoneBuilder builder{wire::Name()};
    RecordMemory memory;
    const std::size_t before = allocated();
    for (int i = 0; i < kRecords; ++i) {
      Rdata rdata(shape.rdata, 0);
      for (std::size_t at = 0; at < std::min(rdata.size(), sizeof i); ++at) {
        rdata[at] = static_cast<std::uint8_t>(i >> 8 * at);
      }
      const auto owner = wire::Name::parse(shape.owner(i)).value();
      ASSERT_TRUE(builder.add(owner, shape.type, 60, rdata).ok());
      ASSERT_TRUE(memory.add(owner, rdata.size()).ok());
    }
    const std::size_t used = allocated() - before;
    std::printf("%s: %zu octets each, counted as %zu\n", shape.description, used / kRecords,
                memory.used() / kRecords);
    EXPECT_LE(used, memory.used());
  }
}

TEST(RecordMemory, ABuilderGivesBackWhatIsRemovedAndCountsWhatItBeginsWith) {
  const auto name = wire::Name::parse("a.").value();
  const Rdata one{192, 0, 2, 1}, other{192, 0, 2, 2}, third{192, 0, 2, 3};
  const std::size_t each = kRecordOverhead + name.size() + one.size();
  using wire::rrtype::A;
  Zone zone;
  zone.nodes[name][A] = {.ttl = 60, .rdata = {one}, .signature_ttl = 0, .signatures = {}};
  ZoneBuilder builder(zone, 2 * each);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(builder.add(name, A, 60, other).ok());
    ASSERT_TRUE(builder.remove(name, A, 60, other));
    ASSERT_FALSE(builder.remove(name, A, 60, third));
  }
  ASSERT_TRUE(builder.add(name, A, 60, other).ok());
  const auto more = builder.add(name, A, 60, third);
  ASSERT_FALSE(more.ok());
  EXPECT_THAT(more.error().message,
              HasSubstr(std::to_string(3 * each) + " octets of memory for 3 records, and at most " +
                        std::to_string(2 * each)));
}

TEST(RecordMemory, ADuplicateCounts) {
  const auto name = wire::Name::parse("a.").value();
  const Rdata rdata{192, 0, 2, 1};
  ZoneBuilder builder(wire::Name(), 3 * (kRecordOverhead + name.size() + rdata.size()));
  int taken = 0;
  while (taken < 10 && builder.add(name, wire::rrtype::A, 60, rdata)) ++taken;
  EXPECT_EQ(taken, 3);
}

}  // namespace
}  // namespace imrs::zone
