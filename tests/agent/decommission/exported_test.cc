// What BIRD exports, asked of one that is played.
#include "agent/decommission/exported.h"

#include <gmock/gmock.h>

#include "played_bird.h"
#include "tests/support/temp_directory.h"

namespace imrs::decommission {
namespace {

using test::TempDirectory;
using testing::ElementsAre;

constexpr const char* kProtocols =
    "2002-Name       Proto      Table      State  Since         Info\n"
    "1002-device1    Device     ---        up     2026-11-24 12:46:50.741  \n"
    " specific_host4 Static     ROUTES_host4 up   2026-11-24 12:46:50.741  \n"
    " host4      BGP        ---        up     2026-11-24 12:46:51.717  Established   \n"
    " other      BGP        ---        start  2026-11-24 12:46:51.539  Idle   \n"
    "0000 \n";

TEST(ExportedByBird, OfEverySession) {
  const TempDirectory directory;
  EXPECT_EQ(exported_by_bird(directory.path("bird.ctl")).error().code, Errc::Unavailable);
  const PlayedBird bird(directory.path("bird.ctl"),
                        {{"show protocols", kProtocols},
                         {"show route export host4",
                          "1007-Table ROUTES_host4:\n"
                          " 199.7.83.0/24        unicast [specific_host4 12:46:52.976] * (200)\n0000 \n"},
                         {"show route export other", "9001 No valid tables\n"}});
  const auto exported = exported_by_bird(directory.path("bird.ctl"));
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_THAT(*exported, ElementsAre("199.7.83.0/24 to host4"));
}

TEST(ExportedByBird, WhatCannotBeUnderstoodIsNoSilence) {
  const std::map<std::string, std::string> cases[] = {
      {},
      {{"show protocols", "8001 no\n"}},
      {{"show protocols", "1002-host4 BGP\n0000 \n"}},
      {{"show protocols", kProtocols}},
      {{"show protocols", kProtocols}, {"show route export host4", "8002 no\n"}},
  };
  for (const auto& replies : cases) {
    const TempDirectory directory;
    const PlayedBird bird(directory.path("bird.ctl"), replies);
    const auto exported = exported_by_bird(directory.path("bird.ctl"));
    ASSERT_FALSE(exported);
    EXPECT_NE(exported.error().code, Errc::Unavailable) << exported.error().message;
  }
}

}  // namespace
}  // namespace imrs::decommission
