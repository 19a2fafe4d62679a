// agent/base/repeats.h
// Which lines of the log are written when the same one comes again and again. Texts that differ only in
// digits count as the same. The first kWritten of a text at a level within kWindow are written; what comes
// beyond is counted, and the count comes out with the first line after the window. Pure: no clock, no
// thread, bounded memory; not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/log.h"

namespace imrs {

class Repeats {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::uint64_t kWritten = 5;
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr std::size_t kTexts = 64;    // looked after at a time
  static constexpr std::size_t kQuoted = 160;  // octets of a text that a count's line repeats

  struct Count {
    LogLevel level;
    std::string text;  // (the line "..." came 12 times more in the last 10 s)
  };
  struct Verdict {
    std::vector<Count> before;  // to be written first: the windows that are over, in the order they began
    bool write;                 // whether the line itself is to be written
  };

  // A line comes. `now` never goes back. With kTexts in their windows, a new one takes the place of the
  // oldest that has nothing left out; if all have, it is written and not looked after.
  [[nodiscard]] Verdict judge(LogLevel level, std::string_view text, TimePoint now);

 private:
  struct Window {
    LogLevel level;
    std::size_t hash;    // of the whole text without its digits
    std::string quoted;  // how the first one began
    TimePoint start;
    std::uint64_t came;
  };

  [[nodiscard]] static Count count_of(const Window& window, TimePoint now);
  [[nodiscard]] std::vector<Count> end_windows(TimePoint now);
  [[nodiscard]] bool admit(LogLevel level, std::string_view text, TimePoint now);
  [[nodiscard]] bool make_room();

  std::vector<Window> windows_;  // in the order they began
};

}  // namespace imrs
