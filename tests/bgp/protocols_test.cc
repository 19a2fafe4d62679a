// The parsers of BIRD's tables, on recorded replies and on rows made up to be odd.
#include "bgp/protocols.h"

#include <gmock/gmock.h>

#include "transcript.h"

namespace imrs::bgp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Reply& reply_to(const std::vector<test::Exchange>& all, const std::string& command,
                      std::size_t nth = 0) {
  for (const test::Exchange& exchange : all) {
    if (exchange.command == command && nth-- == 0) return exchange.reply;
  }
  throw std::runtime_error("no such command in the transcript: " + command);
}

TEST(Protocols, ReadsTheWholeTable) {
  const auto all = test::exchanges("03-show-protocols.txt");
  const auto rows = parse_protocols(reply_to(all, "show protocols"));
  ASSERT_TRUE(rows.ok()) << rows.error().message;
  const std::string since = "2026-11-24 12:46:50.741";
  EXPECT_THAT(
      *rows, ElementsAre(ProtocolRow{"device1", "Device", "---", "up", since, ""},
                         ProtocolRow{"anycast_v4", "Static", "master4", "down", since, ""},
                         ProtocolRow{"anycast_v6", "Static", "master6", "down", since, ""},
                         ProtocolRow{"drain_v4", "Static", "master4", "down", since, ""},
                         ProtocolRow{"drain_v6", "Static", "master6", "down", since, ""},
                         ProtocolRow{"bfd1", "BFD", "---", "up", since, ""},
                         ProtocolRow{"host4", "BGP", "---", "up", "2026-11-24 12:46:51.717", "Established"},
                         ProtocolRow{"host6", "BGP", "---", "up", "2026-11-24 12:46:51.539", "Established"}));
}

TEST(Protocols, KnowsATableThatLacksARow) {
  const auto all = test::exchanges("03-show-protocols.txt");
  Reply reply = reply_to(all, "show protocols");
  EXPECT_TRUE(is_whole_table(reply));
  reply.lines.insert(reply.lines.begin() + 2, {8000, "<line overflow>"});
  EXPECT_FALSE(is_whole_table(reply));
  EXPECT_FALSE(is_whole_table(Reply{{}, 0, ""})) << "no table at all";
  EXPECT_FALSE(is_whole_table(Reply{{{2002, "Name"}}, 8003, "No protocols match"}));
}

TEST(Protocols, ReadsOddRows) {
  struct Case {
    const char* description;
    std::string text;
    std::optional<ProtocolRow> want;
  };
  const Case cases[] = {
      {"long name", "a_name_longer_than_its_column Static master4 up 2026-11-24 12:00:00.000",
       ProtocolRow{"a_name_longer_than_its_column", "Static", "master4", "up", "2026-11-24 12:00:00.000",
                   ""}},
      {"one word of time", "host4 BGP --- start 12:00:00.123  Active  Socket: refused",
       ProtocolRow{"host4", "BGP", "---", "start", "12:00:00.123", "Active  Socket: refused"}},
      {"date without time", "host4 BGP --- down 2026-11-24",
       ProtocolRow{"host4", "BGP", "---", "down", "2026-11-24", ""}},
      {"date, then info", "host4 BGP --- start 2026-11-24 Idle",
       ProtocolRow{"host4", "BGP", "---", "start", "2026-11-24", "Idle"}},
      {"tabs", "a\tStatic\tmaster4\tup\t2026-11-24\t12:00:00.000\tx",
       ProtocolRow{"a", "Static", "master4", "up", "2026-11-24 12:00:00.000", "x"}},
      {"four words", "a Static master4 up", std::nullopt},
      {"empty", "", std::nullopt},
  };
  for (const Case& c : cases) {
    const auto rows = parse_protocols(Reply{{{1002, c.text}}, 0, ""});
    ASSERT_EQ(rows.ok(), c.want.has_value()) << c.description;
    if (!c.want) continue;
    EXPECT_THAT(*rows, ElementsAre(*c.want)) << c.description;
  }
}

TEST(Protocols, ARefusalIsAnErrorThatQuotesBird) {
  const Reply refused{{}, 8007, "Access denied"};
  ASSERT_FALSE(parse_protocols(refused).ok());
  EXPECT_EQ(parse_protocols(refused).error().code, Errc::Refused);
  EXPECT_EQ(parse_exported(refused).error().message, "BIRD refused `show route export`: 8007 Access denied");
  EXPECT_FALSE(parse_session(refused).ok());
  EXPECT_EQ(parse_session(Reply{{{1006, "  Channel ipv4"}}, 0, ""}).error().code, Errc::InvalidInput);
}

TEST(Protocols, ReadsStateAndErrorOfEverySession) {
  struct Case {
    const char* file;
    std::size_t nth;
    const char *state, *info, *last_error, *message;
  };
  const Case cases[] = {
      {"60-state-active.txt", 0, "Active", "Active", "", ""},
      {"61-state-connect.txt", 0, "Connect", "Connect", "", ""},
      {"62-state-opensent.txt", 0, "OpenSent", "OpenSent", "", ""},
      {"63-state-openconfirm.txt", 0, "OpenConfirm", "OpenConfirm", "", ""},
      {"64-state-established.txt", 0, "Established", "Established", "", ""},
      {"65-state-passive.txt", 0, "Passive", "Passive", "", ""},
      {"66-state-down.txt", 0, "Down", "", "", ""},
      {"68-err-host-silent.txt", 0, "Connect", "Connect", "", ""},
      {"69-err-link-down.txt", 0, "Idle", "Idle          Error: Link down", "Error: Link down", ""},
      {"70-err-addr-gone.txt", 0, "Idle", "Idle          Error: Neighbor lost", "Error: Neighbor lost", ""},
      {"71-err-bad-as-received.txt", 0, "Idle", "Idle          Received: Bad peer AS",
       "Received: Bad peer AS", ""},
      {"72-err-bad-as-sent.txt", 0, "Idle", "Idle          BGP Error: Bad peer AS", "BGP Error: Bad peer AS",
       ""},
      {"73-err-hold-timer.txt", 0, "Idle", "Idle          BGP Error: Hold timer expired",
       "BGP Error: Hold timer expired", ""},
      {"74-err-bfd-down.txt", 0, "Idle", "Idle          Error: BFD session down", "Error: BFD session down",
       ""},
      {"75-err-admin-shutdown.txt", 0, "Active", "Active        Received: Administrative shutdown",
       "Received: Administrative shutdown", "replacing line card, back 12:00 UTC"},
      {"75-err-admin-shutdown.txt", 2, "Established", "Established", "",
       "replacing line card, back 12:00 UTC"},
      {"76-err-admin-shutdown-nomsg.txt", 0, "Active", "Active        Received: Administrative shutdown",
       "Received: Administrative shutdown", ""},
      {"78-err-peer-deconfigured.txt", 0, "Active", "Active        Received: Peer de-configured",
       "Received: Peer de-configured", ""},
      {"79-err-config-change.txt", 0, "Active", "Active        Received: Other configuration change",
       "Received: Other configuration change", ""},
      {"82-err-host-bird-killed.txt", 0, "Active", "Active        Socket: Connection closed",
       "Socket: Connection closed", ""},
      {"86-err-notification-any.txt", 3, "Active", "Active        Received: Unknown error 6.9",
       "Received: Unknown error 6.9", ""},
      {"86-err-notification-any.txt", 10, "Active", "Active        Received: Administrative shutdown",
       "Received: Administrative shutdown", "caf\xc3\xa9"},
      {"87-reflap-error-wait.txt", 4, "Idle", "Idle          Received: Bad peer AS", "Received: Bad peer AS",
       ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.file) + " #" + std::to_string(c.nth));
    const auto all = test::exchanges(c.file);
    const Reply& reply = reply_to(all, "show protocols all host4", c.nth);
    const auto rows = parse_protocols(reply);
    const auto details = parse_session(reply);
    ASSERT_TRUE(rows.ok());
    ASSERT_TRUE(details.ok()) << details.error().message;
    ASSERT_EQ(rows->size(), 1U);
    EXPECT_EQ(rows->front().name, "host4");
    EXPECT_EQ(rows->front().info, c.info);
    EXPECT_EQ(details->state, c.state);
    EXPECT_EQ(details->last_error, c.last_error);
    EXPECT_EQ(details->message, c.message);
  }
}

TEST(Protocols, ReadsTheSessionsThatOnlyTheHostsLimitEnds) {
  const auto all = test::exchanges("84-err-export-limit.txt");
  const Reply& reply = reply_to(all, "show protocols all host6");
  const auto details = parse_session(reply);
  ASSERT_TRUE(details.ok());
  EXPECT_EQ(*details, (SessionDetails{"Down", "Automatic shutdown: Route limit exceeded", ""}));
  EXPECT_EQ(parse_protocols(reply)->front().info, "Automatic shutdown: Route limit exceeded");
}

// Every reply about a session in the transcripts of states and errors.
TEST(Protocols, UnderstandsEverySessionOfTheTranscripts) {
  std::size_t seen = 0;
  for (int number = 60; number <= 87; ++number) {
    for (const std::string& file : test::golden_files(std::to_string(number))) {
      for (const test::Exchange& exchange : test::exchanges(file)) {
        if (!exchange.command.starts_with("show protocols all host")) continue;
        SCOPED_TRACE(file);
        const auto rows = parse_protocols(exchange.reply);
        const auto details = parse_session(exchange.reply);
        ASSERT_TRUE(rows.ok() && details.ok());
        ASSERT_EQ(rows->size(), 1U);
        const ProtocolRow& row = rows->front();
        EXPECT_EQ(row.proto, "BGP");
        EXPECT_EQ(row.since.size(), std::string("2026-11-24 12:46:50.741").size());
        EXPECT_EQ(row.state == "up", details->state == "Established");
        EXPECT_EQ(row.state == "down", details->state == "Down");
        const std::string shown = row.state == "down" ? "" : details->state;
        EXPECT_TRUE(row.info.starts_with(shown)) << row.info;
        EXPECT_TRUE(row.info.ends_with(details->last_error)) << row.info;
        ++seen;
      }
    }
  }
  EXPECT_GE(seen, 40U);
}

TEST(Protocols, ReadsASessionThatIsUp) {
  const auto all = test::exchanges("06-show-protocols-all-bgp.txt");
  const auto details = parse_session(reply_to(all, "show protocols all host4"));
  ASSERT_TRUE(details.ok());
  EXPECT_EQ(*details, (SessionDetails{"Established", "", ""}));
}

TEST(Protocols, ReadsExportedRoutes) {
  const auto all = test::exchanges("11-show-route-export.txt");
  EXPECT_THAT(*parse_exported(reply_to(all, "show route export host4")),
              ElementsAre(ExportedRoute{"199.7.83.0/24", "anycast_v4"}));
  EXPECT_THAT(*parse_exported(reply_to(all, "show route export host6")),
              ElementsAre(ExportedRoute{"2001:500:9e::/47", "anycast_v6"},
                          ExportedRoute{"2001:500:3::/48", "anycast_v6"},
                          ExportedRoute{"2001:500:9f::/48", "anycast_v6"}));
  EXPECT_EQ(parse_exported(reply_to(all, "show route export host6 all"))->size(), 3U);
  EXPECT_THAT(*parse_exported(reply_to(all, "show route export host4 count")), IsEmpty());
}

TEST(Protocols, ASessionThatIsNotUpExportsNothing) {
  const auto all = test::exchanges("88-show-route-export-down.txt");
  const Reply& reply = reply_to(all, "show route export host4");
  EXPECT_FALSE(reply.succeeded());
  const auto routes = parse_exported(reply);
  ASSERT_TRUE(routes.ok());
  EXPECT_THAT(*routes, IsEmpty());
  EXPECT_FALSE(parse_exported(reply_to(all, "show route export nosuch")).ok());
}

TEST(Protocols, TakesOfEachPrefixTheRouteThatIsSent) {
  const auto all = test::exchanges("14-show-route-drain.txt");
  EXPECT_THAT(*parse_exported(reply_to(all, "show route")),
              ElementsAre(ExportedRoute{"199.7.83.0/24", "drain_v4"},
                          ExportedRoute{"2001:500:9e::/47", "drain_v6"},
                          ExportedRoute{"2001:500:3::/48", "drain_v6"},
                          ExportedRoute{"2001:500:9f::/48", "drain_v6"}));
  const Reply via{{{1007, "Table master4:"},
                   {1007, "199.7.83.0/24        unicast [specific_v4 12:46:52.976] * (200)"},
                   {1007, "\tdev anycast0"},
                   {1007, "199.7.82.0/23"}},
                  0,
                  ""};
  EXPECT_THAT(*parse_exported(via),
              ElementsAre(ExportedRoute{"199.7.83.0/24", "specific_v4"}, ExportedRoute{"199.7.82.0/23", ""}));
}

}  // namespace
}  // namespace imrs::bgp
