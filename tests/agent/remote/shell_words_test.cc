// Command lines without a shell.
#include "agent/remote/shell_words.h"

#include <gmock/gmock.h>

namespace imrs::remote {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

struct Case {
  const char* description;
  std::string line;
  Words want;
};

TEST(ShellWords, AreSplitAsTheShellWould) {
  const Case cases[] = {
      {"nothing", "", {}},
      {"blanks only", " \t  ", {}},
      {"one word", "status", {"status"}},
      {"several, blanks around", "  drain  v4 host4 ", {"drain", "v4", "host4"}},
      {"plain punctuation",
       "waive soa-expire --until=2026-11-27T12:00:00Z +2h a@b_c.d,e%^",
       {"waive", "soa-expire", "--until=2026-11-27T12:00:00Z", "+2h", "a@b_c.d,e%^"}},
      {"single quotes",
       "drain --reason 'two words; $(x) `y` \"z\" \\'",
       {"drain", "--reason", "two words; $(x) `y` \"z\" \\"}},
      {"double quotes",
       R"(drain --reason "two 'words' \"here\" a\\b c\d \$x")",
       {"drain", "--reason", R"(two 'words' "here" a\b c\d $x)"}},
      {"parts make one word", R"(--reason='a b'"c d"e\ f)", {"--reason=a bc de f"}},
      {"empty words", R"('' "" x)", {"", "", "x"}},
  };
  for (const Case& one : cases) {
    const auto words = shell_words(one.line);
    ASSERT_TRUE(words) << one.description << ": " << words.error().message;
    EXPECT_EQ(*words, one.want) << one.description;
  }
}

TEST(ShellWords, WhatAShellWouldActUponIsRefused) {
  const std::pair<const char*, std::string> cases[] = {
      {"a second command", "status; reboot"},
      {"a second command behind &&", "status && reboot"},
      {"a pipe", "status | sh"},
      {"in the background", "status &"},
      {"command substitution", "status $(reboot)"},
      {"the same between double quotes", "drain --reason \"$(reboot)\""},
      {"backquotes", "status `reboot`"},
      {"backquotes between double quotes", "drain --reason \"`reboot`\""},
      {"a variable", "zone $HOME"},
      {"redirection", "status > /etc/passwd"},
      {"input from a file", "rotate certificate < /etc/shadow"},
      {"a pattern", "zone *"},
      {"another pattern", "zone a?"},
      {"a set", "zone [a-z]"},
      {"braces", "zone {a,b}"},
      {"a tilde", "zone ~root"},
      {"history", "zone !!"},
      {"a comment", "status # all"},
      {"a newline", "status\nreboot"},
      {"a newline between quotes", "drain --reason 'a\nb'"},
      {"an escaped newline", "drain \\\n v4"},
      {"a carriage return", "status\r"},
      {"an octet of zero", std::string("status\0x", 8)},
      {"an escape sequence", "drain --reason '\x1b[2J'"},
      {"delete", "drain --reason '\x7f'"},
      {"an octet above ASCII", "drain --reason '\xc2\x9b'"},
      {"a quote without end", "drain --reason 'two words"},
      {"a double quote without end", "drain --reason \"two words"},
      {"a double quote whose end is escaped", "drain --reason \"two words\\\""},
      {"a backslash at the end", "status \\"},
      {"too long", std::string(kMostLine + 1, 'a')},
      {"a word too long", std::string(kMostWord + 1, 'a')},
      {"a quoted word too long", "'" + std::string(kMostWord + 1, 'a') + "'"},
  };
  for (const auto& [description, line] : cases) {
    const auto words = shell_words(line);
    ASSERT_FALSE(words) << description;
    EXPECT_EQ(words.error().code, Errc::InvalidInput) << description;
    EXPECT_THAT(words.error().message, Not(HasSubstr("reboot"))) << description;
  }
}

TEST(ShellWords, AreBounded) {
  std::string line;
  for (std::size_t i = 0; i < kMostWords; ++i) line += "a ";
  EXPECT_EQ(shell_words(line)->size(), kMostWords);
  EXPECT_FALSE(shell_words(line + "a"));
  EXPECT_FALSE(shell_words(line + "a "));
  EXPECT_EQ(shell_words(std::string(kMostWord, 'a'))->front().size(), kMostWord);
}

TEST(ShellWords, AnErrorSaysWhere) {
  EXPECT_THAT(shell_words("status; x").error().message, HasSubstr("octet 7"));
  EXPECT_THAT(shell_words("drain 'x").error().message, HasSubstr("octet 7"));
}

TEST(ShellWords, QuotedIsTakenApartIntoTheSame) {
  const Words all{"drain", "", "two words", "it's", "a\"b", "$(x)", "back\\slash", "--reason=a b", "'"};
  EXPECT_EQ(*shell_words(quoted(all)), all);
  EXPECT_EQ(quoted({"drain", "--reason=a b"}), "drain '--reason=a b'");
}

}  // namespace
}  // namespace imrs::remote
