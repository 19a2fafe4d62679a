// The windows of the texts that came lately. Called by log.cc under its lock, for every line that is logged.
#include "agent/base/repeats.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "agent/base/journal.h"

namespace imrs {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of the text with each number as one "0".
std::size_t hash_without_digits(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (const char c : text) {
    if (!is_digit(c)) plain += c;
    if (is_digit(c) && !plain.ends_with('0')) plain += '0';
  }
  return std::hash<std::string>()(plain);
}

}  // namespace

Repeats::Verdict Repeats::judge(LogLevel level, std::string_view text, TimePoint now) {
  std::vector<Count> before = end_windows(now);
  return {std::move(before), admit(level, text, now)};
}

// A count may come out long after its window, when nothing was logged since.
Repeats::Count Repeats::count_of(const Window& window, TimePoint now) {
  const auto over = std::chrono::duration_cast<std::chrono::seconds>(now - window.start - kWindow);
  const std::string when = over < kWindow
                               ? fmt::format("in the last {} s", kWindow.count())
                               : fmt::format("within {} s, {} s ago", kWindow.count(), over.count());
  return {window.level, fmt::format("(the line \"{}\" came {} times more {})", window.quoted,
                                    window.came - kWritten, when)};
}

std::vector<Repeats::Count> Repeats::end_windows(TimePoint now) {
  const auto first_open = std::ranges::find_if(
      windows_, [now](const Window& window) { return now - window.start < kWindow; });
  std::vector<Count> counts;
  for (auto window = windows_.begin(); window != first_open; ++window) {
    if (window->came > kWritten) counts.push_back(count_of(*window, now));
  }
  windows_.erase(windows_.begin(), first_open);
  return counts;
}

bool Repeats::admit(LogLevel level, std::string_view text, TimePoint now) {
  const std::size_t hash = hash_without_digits(text);
  const auto known = std::ranges::find_if(
      windows_, [&](const Window& window) { return window.hash == hash && window.level == level; });
  if (known != windows_.end()) return ++known->came <= kWritten;
  if (make_room()) windows_.push_back({level, hash, shortened(text, kQuoted), now, 1});
  return true;
}

bool Repeats::make_room() {
  if (windows_.size() < kTexts) return true;
  const auto spare = std::ranges::find_if(windows_,
                                          [](const Window& window) { return window.came <= kWritten; });
  if (spare == windows_.end()) return false;
  windows_.erase(spare);
  return true;
}

}  // namespace imrs
