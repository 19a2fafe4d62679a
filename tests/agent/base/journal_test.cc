// The journal's entries, octet by octet, as journalctl and its users' questions expect them.
#include "agent/base/journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

namespace imrs {
namespace {

using namespace std::string_literals;

std::string as_text(const std::vector<LogField>& fields) {
  std::string out;
  for (const LogField& field : fields) out += fmt::format("[{}|{}]", field.key, field.value);
  return out;
}

TEST(Journal, LeadingFields) {
  const struct {
    const char* what;
    std::string text, want;
  } cases[] = {
      {"none", "nothing is announced any more", ""},
      {"empty", "", ""},
      {"one", "zone=.", "[zone|.]"},
      {"some, then words", "program=imrs-engine pid=9 ended: killed", "[program|imrs-engine][pid|9]"},
      {"only those at the start", "engine pid=9 serving", ""},
      {"up to the first that is none", "a=1 and b=2", "[a|1]"},
      {"quoted", "family=ipv4 reason=\"no answer\" phase=up", "[family|ipv4][reason|no answer][phase|up]"},
      {"quoted, last", "reason=\"no answer\"", "[reason|no answer]"},
      {"quoted, empty", "reason=\"\" a=1", "[reason|][a|1]"},
      {"empty value", "reason= a=1", "[reason|][a|1]"},
      {"a second = belongs to the value", "a=b=c", "[a|b=c]"},
      {"an address", "source=2001:db8::", "[source|2001:db8::]"},
      {"underscore", "_ad_hoc=1", "[_ad_hoc|1]"},
      {"upper case is no key", "Zone=.", ""},
      {"digit is no key", "ipv4=up", ""},
      {"hyphen is no key", "a-b=1", ""},
      {"no key", "=1", ""},
      {"quote not closed", "reason=\"no answer", ""},
      {"something after the quote", "reason=\"no\"answer a=1", ""},
      {"quote inside a value", "a=1 reason=no\"answer", "[a|1]"},
      {"two blanks end it", "a=1  b=2", "[a|1]"},
      {"newline in quotes", "reason=\"a\nb\"", "[reason|a\nb]"},
      {"whose line it is, the text does not say", "instance=lab02 a=1", "[a|1]"},
      {"longest key", std::string(59, 'k') + "=1", "[" + std::string(59, 'k') + "|1]"},
      {"key too long", std::string(60, 'k') + "=1", ""},
  };
  for (const auto& one : cases) EXPECT_EQ(as_text(leading_fields(one.text)), one.want) << one.what;
}

TEST(Journal, FieldsAreBounded) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "a=1 ";
  EXPECT_EQ(leading_fields(text).size(), kMostFields);
}

TEST(Journal, Entries) {
  const std::string writer = "SYSLOG_IDENTIFIER=imrs-agent\nIMRS_PROGRAM=imrs-agent\nIMRS_INSTANCE=lab01\n";
  const struct {
    const char* what;
    LogLevel level;
    std::string text, want;
  } cases[] = {
      {"text", LogLevel::Info, "ready", "MESSAGE=ready\nPRIORITY=6\n" + writer},
      {"debug", LogLevel::Debug, "x", "MESSAGE=x\nPRIORITY=7\n" + writer},
      {"warning", LogLevel::Warning, "x", "MESSAGE=x\nPRIORITY=4\n" + writer},
      {"error", LogLevel::Error, "x", "MESSAGE=x\nPRIORITY=3\n" + writer},
      {"fields", LogLevel::Info, "way_out=eth0 reason=\"a b\" since then",
       "MESSAGE=way_out=eth0 reason=\"a b\" since then\nPRIORITY=6\n" + writer +
           "IMRS_WAY_OUT=eth0\nIMRS_REASON=a b\n"},
      {"a newline: length, 64 bits, least first", LogLevel::Info, "a\nb",
       "MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\nPRIORITY=6\n"s + writer},
      {"a newline in a field", LogLevel::Info, "k=\"a\nPRIORITY=0\"",
       "MESSAGE\n\x10\0\0\0\0\0\0\0k=\"a\nPRIORITY=0\"\nPRIORITY=6\n"s + writer +
           "IMRS_K\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n"s},
      {"more than 255 octets", LogLevel::Info, std::string(257, 'x') + "\n",
       "MESSAGE\n\x02\x01\0\0\0\0\0\0"s + std::string(257, 'x') + "\n\nPRIORITY=6\n" + writer},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(journal_entry({"imrs-agent", "lab01"}, one.level, one.text), one.want) << one.what;
  }
}

TEST(Journal, AnInstanceWithANewlineAddsNoField) {
  EXPECT_THAT(journal_entry({"p", "lab\nPRIORITY=0"}, LogLevel::Info, "x"),
              testing::EndsWith("IMRS_INSTANCE\n\x0e\0\0\0\0\0\0\0lab\nPRIORITY=0\n"s));
}

TEST(Journal, Shortened) {
  const struct {
    std::string text;
    std::size_t octets;
    std::string want;
  } cases[] = {
      {"abc", 3, "abc"},
      {"abcd", 3, "abc..."},
      {"ab\xc3\xa9", 4, "ab\xc3\xa9"},
      {"ab\xc3\xa9z", 3, "ab..."},
      {"ab\xc3\xa9z", 4, "ab\xc3\xa9..."},
      {"\x80\x80\x80", 2, "..."},
  };
  for (const auto& one : cases) EXPECT_EQ(shortened(one.text, one.octets), one.want) << one.text;
}

TEST(Journal, IsJournalStreamOnlyForThatStream) {
  const UniqueFd fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const UniqueFd other(::open("/", O_RDONLY | O_CLOEXEC));
  struct stat status {};
  ASSERT_EQ(::fstat(fd.get(), &status), 0);
  const std::string name = fmt::format("{}:{}", status.st_dev, status.st_ino);
  EXPECT_TRUE(is_journal_stream(name.c_str(), fd.get()));
  EXPECT_FALSE(is_journal_stream(name.c_str(), other.get()));
  EXPECT_FALSE(is_journal_stream(name.c_str(), -1));
  EXPECT_FALSE(is_journal_stream(nullptr, fd.get()));
  EXPECT_FALSE(is_journal_stream("", fd.get()));
  EXPECT_FALSE(is_journal_stream((name + "1").c_str(), fd.get()));
}

TEST(Journal, NobodyThere) {
  EXPECT_FALSE(Journal::connect("/nonexistent/socket"));
  EXPECT_FALSE(Journal::connect(std::string(200, 'x')));
}

}  // namespace
}  // namespace imrs
