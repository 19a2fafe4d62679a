#include "agent/web/router_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

namespace imrs::web {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

WebNeighbour neighbour(Family family) {
  const bool v4 = family == Family::V4;
  WebNeighbour one;
  one.name = v4 ? "host4" : "host6";
  one.family = family;
  one.address = v4 ? "192.0.2.1" : "2001:db8:100::1";
  one.source = v4 ? "192.0.2.2" : "2001:db8:100::2";
  one.as = 64500;
  one.local_as = 20144;
  one.hold_time = 9;
  one.keepalive_time = 3;
  return one;
}

WebSettings with(std::vector<WebNeighbour> neighbours) {
  WebSettings settings;
  settings.identity = "fra02.l.example";
  settings.prefixes = {"199.7.83.0/24", "2001:500:9f::/48", "2001:500:3::/48", "199.7.82.0/23",
                       "2001:500:9e::/47"};
  settings.neighbours = std::move(neighbours);
  return settings;
}

WebSettings both() { return with({neighbour(Family::V4), neighbour(Family::V6)}); }

// The first neighbour with these.
WebSettings with_options(bool password, bool gtsm, bool bfd) {
  WebSettings settings = both();
  settings.neighbours[0].password = password;
  settings.neighbours[0].gtsm = gtsm;
  settings.neighbours[0].bfd = bfd;
  return settings;
}

WebSettings with_two_routers() {
  WebSettings settings = both();
  WebNeighbour other = neighbour(Family::V4);
  other.name = "other4";
  other.address = "198.51.100.1";
  other.source = "198.51.100.2";
  other.as = 4200000000;
  other.bfd = true;
  settings.neighbours.push_back(other);
  return settings;
}

WebSettings without_ipv6_prefixes() {
  WebSettings settings = both();
  std::erase_if(settings.prefixes, [](const std::string& prefix) { return prefix.find(':') != prefix.npos; });
  return settings;
}

std::string snippet(const WebSettings& settings, std::string_view router) {
  for (const RouterSnippet& one : router_snippets(settings)) {
    if (one.router == router) return one.text;
  }
  return "no snippet for this router";
}

// Every setting that changes what is written.
std::vector<std::pair<const char*, WebSettings>> all_settings() {
  return {{"both families", both()},
          {"IPv4 alone", with({neighbour(Family::V4)})},
          {"IPv6 alone", with({neighbour(Family::V6)})},
          {"password", with_options(true, false, false)},
          {"GTSM", with_options(false, true, false)},
          {"BFD", with_options(false, false, true)},
          {"all three", with_options(true, true, true)},
          {"two routers", with_two_routers()},
          {"no IPv6 prefixes", without_ipv6_prefixes()}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// ---- what is written -----------------------------------------------------------------------------------

TEST(RouterSnippets, AreOneForEachRouter) {
  const auto is = [](const char* router) { return testing::Field(&RouterSnippet::router, router); };
  EXPECT_THAT(router_snippets(both()), ElementsAre(is("BIRD 2"), is("FRR"), is("Junos"), is("IOS XR")));
}

TEST(RouterSnippets, AreNoneWhereThereIsNothingToSay) {
  WebSettings no_prefixes = both();
  no_prefixes.prefixes.clear();
  EXPECT_THAT(router_snippets(with({})), IsEmpty());
  EXPECT_THAT(router_snippets(no_prefixes), IsEmpty());
}

TEST(RouterSnippets, SayToAnyRouterWhatItHasToKnow) {
  for (const RouterSnippet& one : router_snippets(both())) {
    EXPECT_THAT(one.text, AllOf(HasSubstr("host4: this router 192.0.2.1 AS 64500, the appliance 192.0.2.2"),
                                HasSubstr("host6: this router 2001:db8:100::1 AS 64500"),
                                HasSubstr("GRACEFUL_SHUTDOWN (65535:0, RFC 8326)"), HasSubstr("BCP 38"),
                                HasSubstr("blackhole"), HasSubstr("default route")))
        << one.router;
  }
}

TEST(RouterSnippets, AreShortLinesOfAscii) {
  const auto short_ascii = [](const std::string& line) {
    return line.size() <= 110 && std::ranges::all_of(line, [](char c) { return c >= ' ' && c < 127; });
  };
  for (const auto& [description, settings] : all_settings()) {
    for (const RouterSnippet& one : router_snippets(settings)) {
      EXPECT_THAT(lines_of(one.text), Each(testing::Truly(short_ascii))) << one.router << ", " << description;
    }
  }
}

struct Case {
  const char* router;
  std::vector<std::string> want;  // parts of the text, in any order
};

void expect_parts(const WebSettings& settings, const std::vector<Case>& cases, bool there = true) {
  for (const Case& c : cases) {
    const std::string text = snippet(settings, c.router);
    for (const std::string& part : c.want) {
      EXPECT_EQ(text.find(part) != std::string::npos, there) << c.router << ": " << part << "\n" << text;
    }
  }
}

TEST(RouterSnippets, HaveBothEndsAndTimersOfASession) {
  expect_parts(
      both(),
      {{"BIRD 2",
        {"protocol bgp imrs_host4 {\n", "    local 192.0.2.1 as 64500;\n",
         "    neighbor 192.0.2.2 as 20144;\n    hold time 9;\n    keepalive time 3;\n"}},
       {"FRR",
        {"router bgp 64500\n neighbor 192.0.2.2 remote-as 20144\n",
         " neighbor 192.0.2.2 timers 3 9\n neighbor 192.0.2.2 update-source 192.0.2.1\n"}},
       {"Junos",
        {"group IMRS-host4 {\n", "type external;\n", "local-address 192.0.2.1;\n", "peer-as 20144;\n",
         "hold-time 9;\n", "neighbor 192.0.2.2;\n", "routing-options autonomous-system", "precision-timers"}},
       {"IOS XR", {"router bgp 64500\n", " neighbor 192.0.2.2\n  remote-as 20144\n", "  timers 3 9\n"}}});
}

TEST(RouterSnippets, AcceptExactlyOurPrefixesWithOurPathAlone) {
  expect_parts(
      both(),
      {{"BIRD 2",
        {"if net !~ [ 199.7.83.0/24, 199.7.82.0/23 ] then reject;\n",
         "if net !~ [ 2001:500:9f::/48, 2001:500:3::/48, 2001:500:9e::/47 ] then reject;\n",
         "if bgp_path !~ [= 20144+ =] then reject;\n", "import filter imrs_in4;\n"}},
       {"FRR",
        {"ip prefix-list IMRS-V4 seq 10 permit 199.7.82.0/23\n",
         "ipv6 prefix-list IMRS-V6 seq 15 permit 2001:500:9e::/47\n",
         "access-list IMRS-PATH seq 5 permit ^20144(_20144)*$\n",
         "permit 20\n match ipv6 address prefix-list IMRS-V6\n match as-path IMRS-PATH\nexit\n",
         "  neighbor 2001:db8:100::2 route-map IMRS-IN-V6 in\n"}},
       {"Junos",
        {"route-filter 199.7.82.0/23 exact;\n", "route-filter 2001:500:3::/48 exact;\n",
         "as-path IMRS-PATH \"20144+\";\n", "import IMRS-IN-V6;\n", "then accept;\n", "then reject;\n"}},
       {"IOS XR",
        {"prefix-set IMRS-V4\n  199.7.83.0/24,\n  199.7.82.0/23\nend-set\n",
         "  ios-regex '^20144(_20144)*$'\n",
         "  if not destination in IMRS-V6 then\n    drop\n  endif\n  if not as-path in IMRS-PATH then\n"
         "    drop\n  endif\n",
         "   route-policy IMRS-IN-V4 in\n"}}});
}

TEST(RouterSnippets, PreferOtherPathsWhenItDrains) {
  expect_parts(both(),
               {{"BIRD 2", {"if (65535, 0) ~ bgp_community then bgp_local_pref = 0;\n"}},
                {"FRR",
                 {"standard IMRS-GRACEFUL-SHUTDOWN seq 5 permit graceful-shutdown\n",
                  " match community IMRS-GRACEFUL-SHUTDOWN\n set local-preference 0\n"}},
                {"Junos", {"community IMRS-GRACEFUL-SHUTDOWN members 65535:0;\n", "local-preference 0;\n"}},
                {"IOS XR", {"  if community matches-any (65535:0) then\n    set local-preference 0\n"}}});
}

TEST(RouterSnippets, SendNothingAndLimitWhatComes) {
  expect_parts(both(), {{"BIRD 2",
                         {"import keep filtered on;\n", "receive limit 5 action restart;\n",
                          "receive limit 6 action restart;\n", "export none;"}},
                        {"FRR",
                         {"route-map IMRS-OUT deny 10\n", "192.0.2.2 route-map IMRS-OUT out\n",
                          "192.0.2.2 maximum-prefix 5 restart 5 force\n",
                          "2001:db8:100::2 maximum-prefix 6 restart 5 force\n"}},
                        {"Junos", {"export IMRS-OUT;\n", "maximum 5;\n", "maximum 6;\n", "teardown 80"}},
                        {"IOS XR",
                         {"route-policy IMRS-OUT\n  drop\nend-policy\n", "   route-policy IMRS-OUT out\n",
                          "maximum-prefix 5 80 restart 5\n", "maximum-prefix 6 80 restart 5\n"}}});
}

const std::vector<Case> kPasswordParts{
    {"BIRD 2", {"    password \"PUT-THE-AGREED-PASSWORD-HERE\";\n"}},
    {"FRR", {" neighbor 192.0.2.2 password PUT-THE-AGREED-PASSWORD-HERE\n"}},
    {"Junos", {"authentication-key \"PUT-THE-AGREED-PASSWORD-HERE\";\n"}},
    {"IOS XR", {"  password clear PUT-THE-AGREED-PASSWORD-HERE\n"}}};
const std::vector<Case> kGtsmParts{{"BIRD 2", {"    ttl security on;\n"}},
                                   {"FRR", {" neighbor 192.0.2.2 ttl-security hops 1\n"}},
                                   {"Junos", {"ttl 255;\n", "hop-limit-except 255"}},
                                   {"IOS XR", {"  ttl-security\n"}}};
const std::vector<Case> kBfdParts{
    {"BIRD 2", {"    bfd { interval 100 ms; multiplier 3; };\n", "\"protocol bfd { }\" once"}},
    {"FRR", {" neighbor 192.0.2.2 bfd\n", "neighbor 192.0.2.2 bfd profile IMRS\n", "bfd\n profile IMRS\n"}},
    {"Junos", {"bfd-liveness-detection {\n"}},
    {"IOS XR", {"  bfd fast-detect\n  bfd multiplier 3\n  bfd minimum-interval 100\n"}}};

TEST(RouterSnippets, HaveTheOptionsOfASessionAndNoOthers) {
  const struct {
    const char* description;
    bool password, gtsm, bfd;
  } cases[] = {{"none", false, false, false},
               {"password", true, false, false},
               {"GTSM", false, true, false},
               {"BFD", false, false, true},
               {"password and BFD", true, false, true}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    const WebSettings settings = with_options(c.password, c.gtsm, c.bfd);
    expect_parts(settings, kPasswordParts, c.password);
    expect_parts(settings, kGtsmParts, c.gtsm);
    expect_parts(settings, kBfdParts, c.bfd);
  }
}

// FRR's BFD would be multihop then.
TEST(RouterSnippets, LeaveBfdOutOfFrrBesideTtlSecurity) {
  const WebSettings settings = with_options(false, true, true);
  EXPECT_THAT(snippet(settings, "FRR"),
              AllOf(HasSubstr("BFD is left out"), HasSubstr("192.0.2.2 ttl-security hops 1\n"),
                    Not(HasSubstr("192.0.2.2 bfd")), Not(HasSubstr("\nbfd\n"))));
  EXPECT_THAT(snippet(settings, "BIRD 2"), AllOf(HasSubstr("bfd {"), HasSubstr("ttl security on;")));
  EXPECT_THAT(snippet(with_options(false, false, true), "FRR"),
              AllOf(Not(HasSubstr("BFD is left out")), Not(HasSubstr("192.0.2.2 update-source"))));
}

TEST(RouterSnippets, LeaveOutAFamilyWithoutNeighbourOrPrefix) {
  const struct {
    const char* description;
    WebSettings settings;
    std::vector<const char*> lacks;
  } cases[] = {{"IPv4 alone", with({neighbour(Family::V4)}), {"2001:", "ipv6", "inet6", "V6", "in6", "fe80"}},
               {"IPv6 alone", with({neighbour(Family::V6)}), {"199.7.", "192.0.2.", "V4", "in4", "inet {"}},
               {"no IPv6 prefixes", without_ipv6_prefixes(), {"2001:", "ipv6", "inet6", "V6", "host6"}}};
  for (const auto& c : cases) {
    for (const RouterSnippet& one : router_snippets(c.settings)) {
      for (const char* part : c.lacks) {
        EXPECT_THAT(one.text, Not(HasSubstr(part))) << c.description << ", " << one.router;
      }
    }
  }
}

TEST(RouterSnippets, GiveARouterOfAnotherAsItsOwn) {
  expect_parts(with_two_routers(),
               {{"BIRD 2", {"local 198.51.100.1 as 4200000000;\n", "local 192.0.2.1 as 64500;\n"}},
                {"FRR",
                 {"router bgp 64500\n neighbor 192.0.2.2 remote-as",
                  "exit\nrouter bgp 4200000000\n neighbor 198.51.100.2 remote-as 20144\n"}},
                {"Junos", {"group IMRS-other4 {\n"}},
                {"IOS XR",
                 {"router bgp 64500\n address-family ipv4 unicast\n !\n address-family ipv6 unicast\n",
                  "router bgp 4200000000\n address-family ipv4 unicast\n !\n neighbor 198.51.100.2\n"}}});
}

// ---- syntax, as far as it shows without the router ------------------------------------------------------

// A statement of Junos ends with ; or opens or closes a block.
TEST(RouterSnippets, AreWellFormedForJunos) {
  for (const auto& [description, settings] : all_settings()) {
    const std::string text = snippet(settings, "Junos");
    const std::size_t end_of_comment = text.find(" */\n");
    ASSERT_TRUE(text.starts_with("/*\n") && end_of_comment != std::string::npos);
    EXPECT_EQ(text.find("*/"), end_of_comment + 1) << description << ": the comment ends too early";
    int depth = 0;
    for (const std::string& line : lines_of(text.substr(end_of_comment + 4))) {
      ASSERT_FALSE(line.empty());
      EXPECT_TRUE(line.ends_with(';') || line.ends_with('{') || line.ends_with('}')) << line;
      depth -= line.ends_with('}') ? 1 : 0;
      const std::size_t indent = line.find_first_not_of(' ');
      EXPECT_EQ(indent, static_cast<std::size_t>(4 * depth)) << line;
      depth += line.ends_with('{') ? 1 : 0;
    }
    EXPECT_EQ(depth, 0) << description;
  }
}

// Each set and policy that is named is there, before it is used.
TEST(RouterSnippets, DefineWhatTheyNameForIosXr) {
  for (const auto& [description, settings] : all_settings()) {
    std::vector<std::string> defined;
    for (const std::string& line : lines_of(snippet(settings, "IOS XR"))) {
      std::istringstream in(line);
      std::string first, word;
      in >> first;
      if (!line.starts_with(' ') && (first.ends_with("-set") || first == "route-policy")) {
        if (in >> word) defined.push_back(word);
        continue;
      }
      while (!line.starts_with('!') && in >> word) {
        if (!word.starts_with("IMRS-")) continue;
        EXPECT_EQ(std::ranges::count(defined, word), 1) << description << ": " << line;
      }
    }
  }
}

// ---- syntax, by the programs themselves ---------------------------------------------------------------

struct Verdict {
  int status = 0;
  std::string output;  // of both streams
};

// Runs COMMAND FILE, the file holding `text`.
Verdict run(const std::string& command, const std::string& text) {
  const std::string file = testing::TempDir() + "router_config_" + std::to_string(::getpid());
  std::ofstream(file) << text;
  FILE* pipe = ::popen((command + " " + file + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  Verdict verdict;
  char buffer[512];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) verdict.output += buffer;
  verdict.status = ::pclose(pipe);
  std::remove(file.c_str());
  return verdict;
}

std::string for_bird(const std::string& snippet_text) {
  return "router id 192.0.2.1;\nprotocol device { }\nprotocol bfd { }\n" + snippet_text;
}

TEST(RouterSnippets, AreRightForBird) {
  const std::string bird = "/usr/sbin/bird";
  if (::access(bird.c_str(), X_OK) != 0) GTEST_SKIP() << bird << " is not installed (package bird2)";
  EXPECT_NE(run(bird + " -p -c", for_bird("protocol bgp x { nonsense; }\n")).status, 0);
  for (const auto& [description, settings] : all_settings()) {
    const Verdict verdict = run(bird + " -p -c", for_bird(snippet(settings, "BIRD 2")));
    EXPECT_EQ(verdict.status, 0) << description << ": " << verdict.output;
    EXPECT_EQ(verdict.output, "") << description;
  }
}

TEST(RouterSnippets, AreRightForVtysh) {
  const std::string vtysh = "/usr/bin/vtysh";
  if (::access(vtysh.c_str(), X_OK) != 0) GTEST_SKIP() << vtysh << " is not installed (package frr)";
  EXPECT_NE(run(vtysh + " -C -f", "router bgp 64500\n nonsense\nexit\n").status, 0);
  for (const auto& [description, settings] : all_settings()) {
    const Verdict verdict = run(vtysh + " -C -f", snippet(settings, "FRR"));
    EXPECT_EQ(verdict.status, 0) << description << ": " << verdict.output;
    EXPECT_THAT(verdict.output, Not(HasSubstr("nknown command"))) << description;
  }
}

// The part of bfdd, which bgpd does not know.
std::string without_bfd_block(std::string text) {
  const std::size_t begin = text.find("\nbfd\n");
  if (begin != std::string::npos) text.erase(begin, text.find("\nrouter bgp") - begin);
  return text;
}

// bgpd also looks at what the commands say, but ends with 0 whatever it finds.
TEST(RouterSnippets, AreRightForBgpd) {
  const std::string bgpd = "/usr/lib/frr/bgpd";
  if (::access(bgpd.c_str(), X_OK) != 0) GTEST_SKIP() << bgpd << " is not installed (package frr)";
  if (::geteuid() != 0) GTEST_SKIP() << bgpd << " gives up privileges that only root has";
  const auto complains = testing::AnyOf(HasSubstr("config line"), HasSubstr("already running"),
                                        HasSubstr("%"), HasSubstr("rror"));
  EXPECT_THAT(run(bgpd + " -C -f", "router bgp 64500\n nonsense\nexit\n").output, complains);
  for (const auto& [description, settings] : all_settings()) {
    if (std::string_view(description) == "two routers") continue;  // one router is of one AS
    const Verdict verdict = run(bgpd + " -C -f", without_bfd_block(snippet(settings, "FRR")));
    EXPECT_EQ(verdict.status, 0) << description << ": " << verdict.output;
    EXPECT_THAT(verdict.output, Not(complains)) << description;
  }
}

}  // namespace
}  // namespace imrs::web
