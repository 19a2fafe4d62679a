// What imrsctl prints.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/ctl/render.h"
#include "tests/agent/web/sample.h"

namespace imrs::ctl {
namespace {

using testing::HasSubstr;

TEST(Render, TellsOfAZone) {
  const Snapshot snapshot = web::healthy();
  const std::string text = zone_text(snapshot, ".");
  for (const char* part :
       {"zone .\n", "serial            2026112401", "served for        1 min 30 s", "DNSSEC yes, ZONEMD yes",
        "signatures end    2026-", "last attempt      unchanged from 192.0.2.53 port 53, 30 s ago",
        "next attempt      in 1 min 0 s",
        "192.0.2.54 port 53: refused serial 2026112402, 40 s ago: zone .: <bad>",
        "not taken         dnssec 7\n",
        "transfer 11 ms, verify 120 ms, compile 80 ms, audit 700 ms, swap 12 ms"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_EQ(zone_text(snapshot, ""), text);
  EXPECT_EQ(zone_text(snapshot, "arpa."), "");
  const auto json = nlohmann::json::parse(zone_json(snapshot, "."));
  EXPECT_EQ(json.at("zones").at(0).at("serial"), 2026112401);
  EXPECT_EQ(json.at("load").at("audit"), 700);
  EXPECT_EQ(zone_json(snapshot, "arpa."), "null");
}

TEST(Render, TellsTheStatus) {
  const std::string text = status_text(web::healthy());
  for (const char* part :
       {"ipv4 to host4: up, announced", "199.7.83.0/24     wanted, exported", "session host4: Established"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

}  // namespace
}  // namespace imrs::ctl
