// The reader of BIRD's replies, on everything BIRD was recorded to say and on what it never should.
#include "bgp/reply.h"

#include <gmock/gmock.h>

#include <sstream>

#include "transcript.h"

namespace imrs::bgp {
namespace {

struct Read {
  std::vector<Reply> replies;
  std::vector<std::string> async;
  bool operator==(const Read&) const = default;
};

// Feeds the pieces, taking what there is after each.
Read read_pieces(const std::vector<std::string_view>& pieces) {
  Read read;
  ReplyReader reader;
  for (const std::string_view piece : pieces) {
    if (const auto fed = reader.feed(piece); !fed) {
      ADD_FAILURE() << fed.error().message;
      break;
    }
    while (auto reply = reader.take_reply()) read.replies.push_back(*std::move(reply));
    for (auto& line : reader.take_async()) read.async.push_back(std::move(line));
  }
  return read;
}

struct Want {
  std::string file;
  int connection = 0;
  std::size_t async = 0, unfinished = 0;
  std::string replies;  // "0001/0 0013/5"
};

std::vector<Want> wants() {
  std::vector<Want> all;
  std::istringstream text(test::read_file(test::golden_path("replies.want")));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('#')) continue;
    Want want;
    std::istringstream in(line);
    in >> want.file >> want.connection >> want.async >> want.unfinished >> std::ws;
    std::getline(in, want.replies);
    all.push_back(std::move(want));
  }
  return all;
}

std::string summary(const std::vector<Reply>& replies) {
  std::string text;
  for (const Reply& reply : replies) {
    const std::string code = std::to_string(10000 + reply.code).substr(1);
    text += (text.empty() ? "" : " ") + code + "/" + std::to_string(reply.lines.size());
  }
  return text;
}

TEST(ReplyReader, FindsEveryReplyOfEveryTranscript) {
  const auto all = wants();
  ASSERT_GT(all.size(), 90U);
  for (const Want& want : all) {
    SCOPED_TRACE(want.file);
    const std::string bytes = test::bird_bytes(want.file).at(want.connection);
    const Read whole = read_pieces({bytes});
    EXPECT_EQ(summary(whole.replies), want.replies);
    EXPECT_EQ(whole.async.size(), want.async);
  }
}

TEST(ReplyReader, ReadsTheSameByteByByteAndCutAnywhere) {
  for (const Want& want : wants()) {
    SCOPED_TRACE(want.file);
    const std::string bytes = test::bird_bytes(want.file).at(want.connection);
    const std::string_view all = bytes;
    const Read whole = read_pieces({all});
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < all.size(); ++i) single.push_back(all.substr(i, 1));
    ASSERT_EQ(read_pieces(single), whole);
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
      ASSERT_EQ(read_pieces({all.substr(0, cut), all.substr(cut)}), whole) << "cut at " << cut;
    }
  }
}

TEST(ReplyReader, GivesTextAndCodeOfEveryLine) {
  struct Case {
    const char* description;
    std::string input;
    Read want;
  };
  const std::vector<Case> cases{
      {"greeting", "0001 BIRD 2.0.12 ready.\n", {{{{}, 1, "BIRD 2.0.12 ready."}}, {}}},
      {"empty final text", "0000 \n", {{{{}, 0, ""}}, {}}},
      {"one reply, two codes",
       "0010-a: already enabled\n0011-b: enabled\n c: enabled\n0000 \n",
       {{{{{10, "a: already enabled"}, {11, "b: enabled"}, {11, "c: enabled"}}, 0, ""}}, {}}},
      {"leading blanks stay, trailing go",
       "1006-  State:  UP \t\n \n0000 \n",
       {{{{{1006, "  State:  UP"}, {1006, ""}}, 0, ""}}, {}}},
      {"continuation that looks final",
       "1007-x\n 0000 \n0000 \n",
       {{{{{1007, "x"}, {1007, "0000"}}, 0, ""}}, {}}},
      {"async inside a reply",
       "1007-x\n+up\n y\n<17 messages lost>\n0000 \n",
       {{{{{1007, "x"}, {1007, "y"}}, 0, ""}}, {"up", "<17 messages lost>"}}},
      {"overflow is no verdict",
       "1002-a\n8000-<line overflow>\n1006-b\n0000 \n",
       {{{{{1002, "a"}, {8000, "<line overflow>"}, {1006, "b"}}, 0, ""}}, {}}},
      {"octets above 0x7f",
       "1006-Message: caf\xc3\xa9\n0000 \n",
       {{{{{1006, "Message: caf\xc3\xa9"}}, 0, ""}}, {}}},
      {"reply without its end", "0000 \n1007-x\n", {{{{}, 0, ""}}, {}}},
  };
  for (const Case& c : cases) EXPECT_EQ(read_pieces({c.input}), c.want) << c.description;
}

TEST(ReplyReader, JudgesByTheFinalLine) {
  struct Case {
    const char* input;
    bool succeeded;
  };
  const Case cases[] = {{"0000 \n", true},
                        {"0013 Daemon is up and running\n", true},
                        {"0014 Total\n", true},
                        {"0004 Reconfiguration in progress\n", true},
                        {"8000-<line overflow>\n0000 \n", true},
                        {"8003 No protocols match\n", false},
                        {"8007 Access denied\n", false},
                        {"9001 syntax error, unexpected END\n", false}};
  for (const Case& c : cases) {
    const auto read = read_pieces({c.input});
    ASSERT_EQ(read.replies.size(), 1U) << c.input;
    EXPECT_EQ(read.replies[0].succeeded(), c.succeeded) << c.input;
  }
}

TEST(ReplyReader, RefusesWhatBirdDoesNotSay) {
  struct Case {
    const char* description;
    std::string input;
    const char* want;
  };
  const std::vector<Case> cases{
      {"text", "HTTP/1.1 400 Bad Request\n", "no reply code"},
      {"empty line", "\n", "no reply code"},
      {"code without separator", "0000\n", "no reply code"},
      {"wrong separator", "0000:x\n", "no reply code"},
      {"three digits", "000 x\n", "no reply code"},
      {"continuation of nothing", " x\n", "starts with a continuation"},
      {"continuation of an ended reply", "1007-x\n0000 \n y\n", "starts with a continuation"},
      {"endless line", std::string(ReplyReader::kMaxLine + 1, '0'), "line is too long"},
  };
  for (const Case& c : cases) {
    ReplyReader reader;
    const auto fed = reader.feed(c.input);
    ASSERT_FALSE(fed.ok()) << c.description;
    EXPECT_EQ(fed.error().code, Errc::InvalidInput) << c.description;
    EXPECT_THAT(fed.error().message, testing::HasSubstr(c.want)) << c.description;
    EXPECT_FALSE(reader.feed("0000 \n").ok()) << c.description << ": is broken for good";
  }
}

TEST(ReplyReader, HoldsABoundedAmount) {
  struct Case {
    const char* description;
    std::string line;
  };
  const Case cases[] = {{"long lines", "1007-" + std::string(4000, 'x') + "\n"},
                        {"empty lines", "1007-\n"},
                        {"replies that nobody takes", "0000 \n"}};
  for (const Case& c : cases) {
    ReplyReader reader;
    std::size_t fed = 0;
    while (fed < 2 * ReplyReader::kMaxHeld && reader.feed(c.line).ok()) fed += c.line.size();
    EXPECT_LE(fed, ReplyReader::kMaxHeld + c.line.size()) << c.description;
    EXPECT_FALSE(reader.feed(c.line).ok()) << c.description;
  }
}

TEST(ReplyReader, ReadsForEverWhenRepliesAreTaken) {
  ReplyReader reader;
  const std::string reply = "1007-" + std::string(4000, 'x') + "\n0000 \n";
  for (std::size_t fed = 0; fed < 4 * ReplyReader::kMaxHeld; fed += reply.size()) {
    ASSERT_TRUE(reader.feed(reply).ok());
    ASSERT_TRUE(reader.take_reply().has_value());
  }
}

TEST(ReplyReader, KeepsTheNewestAsyncLines) {
  ReplyReader reader;
  for (std::size_t i = 0; i < ReplyReader::kMaxAsync + 3; ++i) {
    ASSERT_TRUE(reader.feed("+" + std::to_string(i) + "\n").ok());
  }
  const auto lines = reader.take_async();
  ASSERT_EQ(lines.size(), ReplyReader::kMaxAsync);
  EXPECT_EQ(lines.front(), "3");
  EXPECT_TRUE(reader.take_async().empty());
}

}  // namespace
}  // namespace imrs::bgp
