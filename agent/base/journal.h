// agent/base/journal.h
// The systemd journal's native protocol: one datagram is one entry, of named fields. No libsystemd, which
// would open descriptors when it likes. An entry holds
//   MESSAGE             the text only
//   PRIORITY            syslog's level: 3 error, 4 warning, 6 info, 7 debug
//   SYSLOG_IDENTIFIER   the program; IMRS_PROGRAM too
//   IMRS_INSTANCE       the instance's identity
//   IMRS_<KEY>          of each key=value or key="value" that the text begins with
// A journal takes a field with several values: a line of the agent that begins with program=imrs-engine has
// both as IMRS_PROGRAM, so that one question finds all that is about a program.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/log.h"
#include "agent/base/unique_fd.h"

namespace imrs {

inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

struct LogWriter {
  std::string program, instance;
};

// Views into the text they were found in.
struct LogField {
  std::string_view key, value;
};

// The words key=value at the start of `text`, up to the first that is none. Keys are [a-z_]+ of at most 59
// octets (the journal's limit of 64); values have no quotes and no blanks, or are all between two quotes.
// At most kMostFields; the key "instance" is left out: whose line it is, the text does not say. Pure.
inline constexpr std::size_t kMostFields = 32;
[[nodiscard]] std::vector<LogField> leading_fields(std::string_view text);

// The datagram. A value with a newline goes in the form with its length, 64 bits little-endian. Pure.
[[nodiscard]] std::string journal_entry(const LogWriter& writer, LogLevel level, std::string_view text);

// `text`, or at most its first `octets` and "...", cut between two characters of UTF-8. Pure.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t octets);

// Whether `fd` is the stream to the journal that systemd names in the variable JOURNAL_STREAM
// ("device:inode", decimal); `variable` may be nullptr. One that was redirected afterwards is not.
[[nodiscard]] bool is_journal_stream(const char* variable, int fd);

// A connection to the journal: one descriptor, opened here and never again. It is above kChildChannelFd: the
// launcher's children still log while that one is being replaced.
class Journal {
 public:
  // nullopt: nobody listens there, or it may not be reached.
  [[nodiscard]] static std::optional<Journal> connect(const std::string& path);

  enum class Sent {
    Taken,
    NotNow,  // nobody reads fast enough: this entry is lost
    Gone     // no entry will be taken any more
  };
  // Never waits. A text too long for a datagram is cut to kCutText. By sendmsg(2), which each program's
  // filter of system calls allows; not by send(2), which imrs-audit's refuses.
  static constexpr std::size_t kCutText = 4096;  // octets
  [[nodiscard]] Sent send(const LogWriter& writer, LogLevel level, std::string_view text) const;

 private:
  explicit Journal(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
};

}  // namespace imrs
