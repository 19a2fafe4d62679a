// Every name of a file or directory in agent.json is plain and absolute: else each program would look for it
// in a working directory of its own.
#include "agent/config/file_name.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/base/plain_path.h"
#include "agent/config/config.h"
#include "agent/config/secrets.h"

namespace imrs {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json good() {
  return json::parse(R"({
    "instance": {"identity": "lab01.example", "kind": "single", "appliance": "calypso"},
    "bgp": {"router_id": "192.0.2.1", "control_socket": "/run/imrs-bird/bird.ctl", "neighbours": [
      {"name": "host4", "address": "192.0.2.2", "source": "192.0.2.1", "as": 64500}]},
    "zones": [{"origin": ".", "file": "/etc/imrs/root.zone", "trust_anchors": ["/etc/imrs/a", "/etc/b"]}],
    "state_directory": "/var/lib/imrs", "control_socket": "/run/imrs/control.sock",
    "secrets_file": "/etc/imrs/secrets.json",
    "web": {"tls": {"certificate": "/etc/imrs/c", "key": "/etc/imrs/k", "client_ca": "/etc/imrs/ca"}},
    "users": {"agent": "1:1", "launcher": "2:2", "engine": "3:3", "zone": "4:4", "web": "5:5", "audit": "6:6"}
  })");
}

Result<Config> parse(const json& value) { return parse_config(value.dump(), "{}"); }

struct Key {
  const char* at;    // JSON pointer
  const char* name;  // as an operator reads it
};

constexpr Key kKeys[] = {{"/state_directory", "state_directory"},
                         {"/control_socket", "control_socket"},
                         {"/bgp/control_socket", "bgp.control_socket"},
                         {"/zones/0/file", "zones[0].file"},
                         {"/zones/0/trust_anchors/1", "zones[0].trust_anchors[1]"},
                         {"/web/tls/certificate", "web.tls.certificate"},
                         {"/web/tls/key", "web.tls.key"},
                         {"/web/tls/client_ca", "web.tls.client_ca"},
                         {"/secrets_file", "secrets_file"}};

constexpr const char* kNotPlain[] = {"state",       "./state",      "../state",  "~/state", "/",    "/srv/",
                                     "//srv/state", "/srv/./state", "/srv/../x", "/srv/..", "/a\tb"};

TEST(FileName, OfEveryKeyHasToBePlainAndAbsolute) {
  ASSERT_TRUE(parse(good())) << parse(good()).error().message;
  for (const Key& key : kKeys) {
    for (const char* name : kNotPlain) {
      json value = good();
      value[json::json_pointer(key.at)] = name;
      const auto config = parse(value);
      ASSERT_FALSE(config) << key.name << " " << name;
      EXPECT_THAT(config.error().message,
                  HasSubstr(std::string(key.name) + ": must be a plain absolute file name"))
          << name;
      EXPECT_THAT(config.error().message, HasSubstr("write all of it from / on")) << "the remedy";
    }
  }
}

TEST(FileName, MayBeNone) {
  json value = good();
  value["state_directory"] = value["control_socket"] = "";
  const auto config = parse(value);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->state_directory, "");
}

TEST(FileName, TheErrorDoesNotShowWhatMayBeAKey) {
  for (const std::string& contents :
       {std::string("-----BEGIN PRIVATE KEY-----\nhush"), std::string("hush")}) {
    EXPECT_THAT(parse_file_name(contents).error().message, Not(HasSubstr("hush")));
  }
}

TEST(FileName, OfTheSecretsIsLookedAtBeforeItIsOpened) {
  json value = good();
  value["secrets_file"] = "secrets.json";
  const auto config = parse_with_secrets_file(value.dump());
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr("secrets_file: must be a plain absolute file name"));
}

TEST(FileName, Plain) {
  for (const char* name : {"/a", "/srv/imrs", "/srv/.imrs", "/srv/..imrs/a b", "/srv/\303\251"}) {
    EXPECT_TRUE(is_plain_path(name)) << name;
  }
  EXPECT_FALSE(is_plain_path(""));
  EXPECT_FALSE(is_plain_path(std::string_view("/a\0b", 4)));
  for (const char* name : kNotPlain) EXPECT_FALSE(is_plain_path(name)) << name;
}

}  // namespace
}  // namespace imrs
