// bgp/reply.h
// Reads what BIRD writes on its control socket. Pure and incremental: any bytes, cut anywhere.
//
//   reply = *( CODE "-" text LF | " " text LF | async ) CODE " " text LF     a " " line has the code of
//   async = "+" text LF | "<" N " messages lost>" LF                         the "CODE-" line before it
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::bgp {

struct ReplyLine {
  int code = 0;
  std::string text;  // without trailing blanks; leading ones are kept, they carry meaning
  bool operator==(const ReplyLine&) const = default;
};

struct Reply {
  std::vector<ReplyLine> lines;  // all but the final one
  int code = 0;                  // of the final line; 1 is the greeting
  std::string text;

  // The final line is the verdict, and success is not only 0000: `show status` ends with 0013. An 8xxx
  // among `lines` is none: "8000-<line overflow>" stands for a line that was too long for BIRD.
  [[nodiscard]] bool succeeded() const noexcept { return code < 8000; }
  [[nodiscard]] bool has_line(int line_code) const noexcept;
  bool operator==(const Reply&) const = default;
};

class ReplyReader {
 public:
  static constexpr std::size_t kMaxLine = 8 * 1024;     // octets; BIRD's own limit is 512
  static constexpr std::size_t kMaxHeld = 1024 * 1024;  // octets of replies not yet taken
  static constexpr std::size_t kMaxAsync = 64;          // lines not yet taken; older ones are dropped

  // Errc::InvalidInput if this is not BIRD's language or is too much of it; then and ever after, the
  // only thing to do is to close the connection.
  [[nodiscard]] Result<void> feed(std::string_view bytes);

  // The oldest complete reply; one per command, in order.
  [[nodiscard]] std::optional<Reply> take_reply();

  // Lines that belong to no reply, oldest first, without the "+".
  [[nodiscard]] std::vector<std::string> take_async();

 private:
  Result<void> take_line();
  Result<void> add_line(int code, std::string_view text);
  void add_async(std::string_view text);
  Result<void> fail(std::string_view why);

  std::string line_;    // not yet ended
  Reply current_;       // not yet final
  int last_code_ = -1;  // of the last "CODE-" line of current_
  std::size_t held_ = 0;
  std::deque<Reply> replies_;
  std::deque<std::string> async_;
  std::optional<Error> broken_;
};

}  // namespace imrs::bgp
