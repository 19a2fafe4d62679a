// The records on their way from imrs-zone to the auditor.
#include "dns/audit/zone_contents.h"

#include <gmock/gmock.h>

#include <random>

#include "dns/audit/reference.h"
#include "tests/dns/audit/lab.h"

namespace imrs::audit {
namespace {

using test::AuditLab;
using test::Octets;
using testing::HasSubstr;

TEST(ZoneContents, CarryWhatTheFilesHold) {
  const AuditLab lab;
  auto carried = read_zone_contents(lab.contents());
  ASSERT_TRUE(carried.ok()) << carried.error().message;
  auto from_files = lab.inputs();
  ASSERT_EQ(carried->size(), from_files.size());
  for (std::size_t i = 0; i < from_files.size(); ++i) {
    auto one = Reference::make(std::move((*carried)[i])), other = Reference::make(std::move(from_files[i]));
    ASSERT_TRUE(one.ok() && other.ok());
    EXPECT_EQ(one->origin(), other->origin());
    ASSERT_EQ(one->record_count(), other->record_count());
    for (std::size_t r = 0; r < one->record_count(); ++r) {
      const Record& record = one->record(static_cast<Index>(r));
      Index at = 0;
      const Record* same = other->find_record(record.key, at);
      ASSERT_NE(same, nullptr) << describe(*one, record);
      EXPECT_EQ(same->ttl, record.ttl);
      EXPECT_EQ(same->spelled, record.spelled);
    }
  }
}

TEST(ZoneContents, BrokenOnesAreRefusedByName) {
  const Octets root{0, 0, 0, 0, 1};  // origin, one record
  const auto with = [&](std::initializer_list<std::uint8_t> more) {
    Octets out = root;
    out.insert(out.end(), more);
    return out;
  };
  const struct {
    const char* description;
    Octets octets;
    const char* reason;
  } cases[] = {
      {"nothing", {}, "there are none"},
      {"origin with a pointer", {0xC0, 0}, "origin of a zone"},
      {"no count", {0, 0, 0}, "ends before the number of records"},
      {"no record", root, ". record 1"},
      {"record cut", with({0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3}), "ends within the record"},
      {"rdata too long", with({0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 5, 1, 2, 3, 4, 5}), ". record 1"},
      {"rdata too short", with({0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 3, 1, 2, 3}), ". record 1"},
      {"more records announced", with({0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4, 9}), "origin of a zone"},
  };
  for (const auto& c : cases) {
    const auto read = read_zone_contents(c.octets);
    ASSERT_FALSE(read.ok()) << c.description;
    EXPECT_THAT(read.error().message, HasSubstr(c.reason)) << c.description;
  }
}

// Whatever is read, reading it and making a zone of it ends well or with an error (the sanitizers look on).
TEST(ZoneContents, AnyOctetsAreReadSafely) {
  const AuditLab lab;
  const Octets whole = lab.contents();
  std::mt19937 random(1);
  int readable = 0;
  for (int round = 0; round < 2000; ++round) {
    Octets octets = whole;
    for (auto flips = 1 + random() % 3; flips > 0; --flips) {
      octets[random() % octets.size()] = static_cast<std::uint8_t>(random());
    }
    auto zones = read_zone_contents(octets);
    if (!zones) continue;
    ++readable;
    for (ZoneInput& zone : *zones) (void)Reference::make(std::move(zone)).ok();
  }
  EXPECT_GT(readable, 500);
  EXPECT_LT(readable, 2000);
}

}  // namespace
}  // namespace imrs::audit
