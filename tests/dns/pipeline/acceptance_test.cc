// Which genuine versions wait for a human.
#include "dns/pipeline/acceptance.h"

#include <gmock/gmock.h>

#include "dns/zone/parse.h"
#include "tests/dns/transfer/messages.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::pipeline {
namespace {

using testing::HasSubstr;

// A root with the delegations d0 to d(count - 1), but for those in [gone, gone + missing).
zone::Zone root_with(int count, int gone = 0, int missing = 0) {
  zone::ZoneBuilder builder{wire::Name()};
  const auto target = test::name("ns.");
  EXPECT_TRUE(builder.add(wire::Name(), 6, 3600, test::soa_rdata(1)).ok());
  EXPECT_TRUE(builder.add(wire::Name(), 2, 3600, target.wire()).ok());
  for (int i = 0; i < count; ++i) {
    if (i >= gone && i < gone + missing) continue;
    EXPECT_TRUE(builder.add(test::name("d" + std::to_string(i) + "."), 2, 3600, target.wire()).ok());
  }
  return std::move(builder).finish().value();
}

TEST(Acceptance, VersionsThatDropDelegations) {
  const struct {
    const char* description;
    int missing;
    int added;
    std::uint32_t most_removed;
    std::optional<std::uint32_t> accept;
    bool taken;
  } cases[] = {
      {"the same delegations", 0, 0, 0, {}, true},
      {"one more", 0, 1, 0, {}, true},
      {"one gone where none may go", 1, 0, 0, {}, false},
      {"5 of 100", 5, 0, 5, {}, true},
      {"6 of 100", 6, 0, 5, {}, false},
      {"6 of 100, with as many new ones: the old ones are gone all the same", 6, 6, 5, {}, false},
      {"all gone", 100, 0, 5, {}, false},
      {"all gone where all may go", 100, 0, 100, {}, true},
      {"6 of 100, and the operator has named it", 6, 0, 5, 7, true},
      {"6 of 100, and the operator has named another", 6, 0, 5, 8, false},
  };
  for (const auto& c : cases) {
    ZoneConfig config;
    config.most_removed = c.most_removed;
    config.accept_serial = c.accept;
    const auto result = check_removed(config, root_with(100), root_with(100 + c.added, 0, c.missing), 7);
    EXPECT_EQ(result.ok(), c.taken) << c.description;
    if (result) continue;
    EXPECT_THAT(result.error().message,
                testing::AllOf(HasSubstr("serial 7 is held: " + std::to_string(c.missing) + " of 100"),
                               HasSubstr("(d"), HasSubstr("\"accept_serial\" to 7")))
        << c.description;
  }
}

// imrs-zone has been started anew and has nothing on disk; the agent serves 100 delegations.
TEST(Acceptance, VersionsThatDropDelegationsOfWhatOnlyTheAgentHas) {
  const struct {
    const char* description;
    int missing;
    std::optional<std::uint32_t> served, accept;
    bool taken;
  } cases[] = {
      {"the same number", 0, 100, {}, true},
      {"more", 0, 50, {}, true},
      {"5 of 100", 5, 100, {}, true},
      {"6 of 100", 6, 100, {}, false},
      {"all gone", 100, 100, {}, false},
      {"6 of 100, and the operator has named it", 6, 100, 7, true},
      {"6 of 100, and the operator has named another", 6, 100, 8, false},
      {"nothing is served", 100, {}, {}, true},
      {"what is served has none", 100, 0, {}, true},
  };
  for (const auto& c : cases) {
    ZoneConfig config;
    config.served_delegations = c.served;
    config.accept_serial = c.accept;
    const auto result = check_removed(config, root_with(100, 0, c.missing), 7);
    EXPECT_EQ(result.ok(), c.taken) << c.description;
    if (result) continue;
    EXPECT_STREQ(result.error().topic, "held");
    EXPECT_THAT(result.error().message,
                testing::AllOf(HasSubstr("serial 7 is held: " + std::to_string(c.missing) + " of 100"),
                               HasSubstr("\"accept_serial\" to 7")))
        << c.description;
  }
}

TEST(Acceptance, ADelegationThatBecomesSomethingElseIsGone) {
  zone::Zone changed = root_with(2);
  changed.nodes.at(test::name("d1.")).erase(2);
  changed.nodes.at(test::name("d1."))[16].rdata = {{1, 'x'}};
  EXPECT_FALSE(check_removed({}, root_with(2), changed, 7).ok());
}

TEST(Acceptance, Serials) {
  const struct {
    std::uint32_t serial;
    std::optional<std::uint32_t> served, accept;
    bool taken;
  } cases[] = {
      {5, {}, {}, true},
      {5, 5, {}, true},
      {6, 5, {}, true},
      {4, 5, {}, false},
      {4, 5, 4, true},
      {3, 5, 4, false},
      {0, 0xffffffff, {}, true},
      {5 + 0x80000000U, 5, {}, false},
      {5 + 0x80000000U, 5, 5 + 0x80000000U, true},
  };
  for (const auto& c : cases) {
    ZoneConfig config;
    config.accept_serial = c.accept;
    EXPECT_EQ(check_serial(config, c.serial, c.served).ok(), c.taken) << c.serial;
  }
}

}  // namespace
}  // namespace imrs::pipeline
