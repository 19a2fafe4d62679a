// The Atom feed: well-formed whatever has happened, and the same entry keeps its identity.
#include "agent/web/event_feed.h"

#include <gmock/gmock.h>

#include <regex>
#include <set>
#include <vector>

#include "sample.h"

namespace imrs::web {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// What is not well-formed XML (as far as a feed without comments, sections and doctype can be wrong); empty:
// it is.
std::string complaint(const std::string& xml) {
  static const std::regex kPiece(
      "<(/?)([a-zA-Z]+)((?: [a-z]+=\"[^\"<&]*\")*)(/?)>|&(?:amp|lt|gt|quot|#39);|[^<&]");
  std::vector<std::string> open;
  constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
  if (!xml.starts_with(kDeclaration)) return "no declaration at its very beginning";
  bool had_root = false;
  auto at = xml.begin() + static_cast<std::ptrdiff_t>(kDeclaration.size());
  for (std::smatch piece; at != xml.end(); at = piece[0].second) {
    if (!std::regex_search(at, xml.end(), piece, kPiece, std::regex_constants::match_continuous)) {
      return "cannot be read: " + std::string(at, xml.end()).substr(0, 60);
    }
    const auto c = static_cast<unsigned char>(*at);
    if (c < 0x20 && c != '\n' && c != '\t') return "a control character";
    if (std::string_view(&*at, static_cast<std::size_t>(xml.end() - at)).starts_with("\xEF\xBF\xBF"))
      return "U+FFFF";
    if (!piece[2].matched) {
      if (open.empty() && *at != '\n') return "text outside of the root";
      continue;
    }
    if (open.empty() && had_root) return "two roots";
    had_root = true;
    if (piece[1].length() > 0) {
      if (open.empty() || open.back() != piece[2]) return "wrong end of " + piece[2].str();
      open.pop_back();
    } else if (piece[4].length() == 0) {
      open.push_back(piece[2]);
    }
  }
  return open.empty() ? "" : "no end of " + open.back();
}

std::vector<std::string> all_of(const std::string& xml, const std::string& element) {
  std::vector<std::string> out;
  const std::regex pattern("<" + element + "[^>]*>([^<]*)</" + element + ">");
  for (std::sregex_iterator i(xml.begin(), xml.end(), pattern), end; i != end; ++i) out.push_back((*i)[1]);
  return out;
}

Snapshot with_history() {
  Snapshot snapshot = healthy();
  snapshot.history = {{kNow - 60'000, "decision", "ipv4 to host4: up"},
                      {kNow - 50'000, "order", "drain by root"},
                      {kNow, "engine", "restarted"}};
  return snapshot;
}

TEST(EventFeed, TheCheckFindsWhatIsWrong) {
  const std::string head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
  EXPECT_EQ(complaint(head + "<a><b x=\"1\"/>&lt;</a>\n"), "");
  for (const char* wrong : {"<a>", "<a></b>", "<a>&</a>", "<a>\x01</a>", "<a/><a/>", "<a b=\"<\"/>",
                            "<a>< </a>", "x", "<a>\xEF\xBF\xBF</a>"}) {
    EXPECT_NE(complaint(head + wrong), "") << wrong;
  }
}

TEST(EventFeed, TheNewestComesFirst) {
  const std::string feed = event_feed(with_history());
  EXPECT_EQ(complaint(feed), "") << feed;
  EXPECT_THAT(all_of(feed, "title"),
              testing::ElementsAre("fra02.l.example", "engine: restarted", "order: drain by root",
                                   "decision: ipv4 to host4: up"));
  EXPECT_THAT(all_of(feed, "updated"),
              testing::ElementsAre("2026-11-24T12:00:00.000Z", "2026-11-24T12:00:00.000Z",
                                   "2026-11-24T11:59:10.000Z", "2026-11-24T11:59:00.000Z"));
  EXPECT_THAT(all_of(feed, "content"), SizeIs(3));
  EXPECT_THAT(feed, HasSubstr("<feed xmlns=\"http://www.w3.org/2005/Atom\">"));
  EXPECT_THAT(feed, HasSubstr("<author><name>fra02.l.example</name></author>"));
}

TEST(EventFeed, NothingHasHappenedYet) {
  Snapshot snapshot = healthy();
  snapshot.history.clear();
  const std::string feed = event_feed(snapshot);
  EXPECT_EQ(complaint(feed), "") << feed;
  EXPECT_THAT(all_of(feed, "updated"), testing::ElementsAre("2026-11-23T12:00:00.000Z")) << "when it started";
  EXPECT_THAT(feed, Not(HasSubstr("<entry>")));
}

TEST(EventFeed, IdentitiesStay) {
  Snapshot snapshot = with_history();
  const auto before = all_of(event_feed(snapshot), "id");
  ASSERT_THAT(before, SizeIs(4));
  snapshot.history.erase(snapshot.history.begin());
  snapshot.history.push_back({kNow + 1, "bird", "came back"});
  snapshot.time_ms += 1;
  snapshot.version = "0.2.0";
  const auto after = all_of(event_feed(snapshot), "id");
  ASSERT_THAT(after, SizeIs(4));
  EXPECT_EQ(after[0], before[0]) << "the feed's";
  EXPECT_EQ(after[2], before[1]);
  EXPECT_EQ(after[3], before[2]);
}

TEST(EventFeed, IdentitiesAreDifferent) {
  Snapshot snapshot = healthy();
  snapshot.history = {{kNow, "decision", "a"},
                      {kNow, "decision", "b"},
                      {kNow, "bird", "a"},
                      {kNow + 1, "decision", "a"},
                      {kNow, "decision", ""}};
  const auto ids = all_of(event_feed(snapshot), "id");
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 6U);
  snapshot.identity = "other.l.example";
  for (const std::string& id : all_of(event_feed(snapshot), "id")) {
    EXPECT_THAT(ids, Not(testing::Contains(id))) << "of another instance";
  }
}

// A neighbour says what it likes in a shutdown message.
TEST(EventFeed, WhateverWasSaidItIsWellFormed) {
  const std::string texts[] = {"<script>alert(1)</script>",
                               "]]>",
                               "&amp; & &#x0; &nope;",
                               "\"'<>",
                               "<!-- -->",
                               "line\nline\r\n\ttab",
                               std::string("\0\x01\x1b[31m\x7f", 8),
                               "\xc2\x80\xc2\x9f",
                               "\xff\xfe half a character \xe2\x82",
                               "\xed\xa0\x80",
                               "\xf4\x90\x80\x80",
                               "Sch\xc3\xb6nes Wetter \xf0\x9f\x8c\xa9"};
  for (const std::string& text : texts) {
    Snapshot snapshot = healthy();
    snapshot.history = {{kNow, "bird", text}};
    const std::string feed = event_feed(snapshot);
    EXPECT_EQ(complaint(feed), "") << text;
    EXPECT_THAT(all_of(feed, "content"), SizeIs(1)) << text;
  }
  Snapshot snapshot = healthy();
  snapshot.history = {{kNow, "bird", "a <b> & c"}};
  EXPECT_THAT(all_of(event_feed(snapshot), "content"), testing::ElementsAre("a &lt;b&gt; &amp; c"));
}

// XML 1.0 section 2.2: these two are no characters, in whatever spelling; a feed with one is not read at all.
TEST(EventFeed, NonCharactersAreReplaced) {
  for (const char* text : {"\xEF\xBF\xBF", "\xEF\xBF\xBE"}) {
    Snapshot snapshot = healthy();
    snapshot.history = {{kNow, "bird", std::string("they said \"") + text + "\""}};
    EXPECT_THAT(event_feed(snapshot), Not(HasSubstr(text)));
  }
}

}  // namespace
}  // namespace imrs::web
