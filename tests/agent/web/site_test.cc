#include "agent/web/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exhibit.h"

namespace imrs::web {
namespace {

using testing::HasSubstr;

TEST(Site, ServesEachListenerItsOwnPages) {
  const Snapshot snapshot = healthy();
  Exhibit exhibit;
  const View view = exhibit.view(&snapshot);
  const struct {
    Audience audience;
    const char *method, *target;
    unsigned status;
    const char *type, *body;
  } cases[] = {
      {Audience::Noc, "GET", "/", 200, "text/html", "Announcing all 5"},
      {Audience::Noc, "GET", "/?x=1", 200, "text/html", "Announcing all 5"},
      {Audience::Noc, "HEAD", "/", 200, "text/html", "Announcing all 5"},
      {Audience::Noc, "GET", "http://noc.example/api/bgp", 200, "application/json", "verdict"},
      {Audience::Noc, "GET", "http://noc.example", 200, "text/html", "Announcing"},
      {Audience::Noc, "GET", "/assets/style.css", 200, "text/css", "prefers-color-scheme"},
      {Audience::Noc, "GET", "/metrics", 404, "text/plain", "no such page"},
      {Audience::Noc, "GET", "/api/state", 404, "text/plain", "no such page"},
      {Audience::Noc, "GET", "//", 404, "text/plain", "no such page"},
      {Audience::Noc, "GET", "/../etc/passwd", 404, "text/plain", "no such page"},
      {Audience::Noc, "GET", "", 404, "text/plain", "no such page"},
      {Audience::Noc, "POST", "/", 405, "text/plain", "GET or HEAD"},
      {Audience::Noc, "get", "/", 405, "text/plain", "GET or HEAD"},
      {Audience::Ops, "GET", "/", 200, "text/html", "Operations"},
      {Audience::Ops, "GET", "/metrics", 200, "text/plain; version=0.0.4", "imrs_announce"},
      {Audience::Ops, "GET", "/api/state", 200, "application/json", "\"programs\""},
      {Audience::Ops, "GET", "/assets/style.css", 200, "text/css", ".verdict"},
      {Audience::Noc, "GET", "/assets/noc.js", 200, "text/javascript", "keep_state_fresh"},
      {Audience::Noc, "GET", "/assets/", 404, "text/plain", "no such page"},
      {Audience::Noc, "GET", "/assets/../metrics", 404, "text/plain", "no such page"},
      {Audience::Noc, "GET", "/api/bgp/schema", 200, "application/schema+json", "json-schema.org"},
      {Audience::Noc, "GET", "/events.atom", 200, "application/atom+xml", "fra02.l.example"},
      {Audience::Noc, "GET", "/api/live", 200, "text/event-stream", ""},
      {Audience::Noc, "GET", "/api/series", 404, "text/plain", "no such page"},
      {Audience::Noc, "GET", "/rssac002/", 404, "text/plain", "no such page"},
      {Audience::Ops, "GET", "https://ops.example/api/now", 200, "application/json", "rssac002"},
      {Audience::Ops, "GET", "/api/series", 200, "application/json", "\"step\":10"},
      {Audience::Ops, "GET", "/api/series?last=86400", 200, "application/json", "\"step\":60"},
      {Audience::Ops, "GET", "/api/series?last=86401", 400, "text/plain", "10 to 86400"},
      {Audience::Ops, "GET", "/api/series?last=1h", 400, "text/plain", "10 to 86400"},
      {Audience::Ops, "GET", "/rssac002/", 404, "text/plain", "state_directory"},
      {Audience::Ops, "GET", "/api/bgp", 404, "text/plain", "no such page"},
      {Audience::Ops, "DELETE", "/metrics", 405, "text/plain", "GET or HEAD"},
  };
  for (const auto& c : cases) {
    const Reply reply = answer(c.audience, c.method, c.target, view);
    EXPECT_EQ(reply.status, c.status) << c.method << " " << c.target;
    EXPECT_THAT(std::string(reply.content_type), HasSubstr(c.type)) << c.method << " " << c.target;
    EXPECT_THAT(reply.body, HasSubstr(c.body)) << c.method << " " << c.target;
  }
}

TEST(Site, SaysSoBeforeTheFirstSnapshot) {
  Exhibit exhibit;
  const View view = exhibit.view(nullptr);
  for (const auto& [audience, target] : {std::pair{Audience::Noc, "/"},
                                         {Audience::Noc, "/api/bgp"},
                                         {Audience::Ops, "/"},
                                         {Audience::Ops, "/metrics"},
                                         {Audience::Ops, "/api/state"}}) {
    EXPECT_EQ(answer(audience, "GET", target, view).status, 503U) << target;
  }
  EXPECT_EQ(answer(Audience::Noc, "GET", "/assets/style.css", view).status, 200U);
}

TEST(Site, TheStateReadsBackAsTheSnapshot) {
  Exhibit exhibit;
  const Snapshot snapshot = healthy();
  const Reply reply = answer(Audience::Ops, "GET", "/api/state", exhibit.view(&snapshot));
  auto read = snapshot_from_json(reply.body);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(snapshot));
}

}  // namespace
}  // namespace imrs::web
