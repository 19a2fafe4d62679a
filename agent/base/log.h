// agent/base/log.h
// Lines for the operator. When standard error goes to the systemd journal (JOURNAL_STREAM names it), each is
// an entry with fields (journal.h); else a line on standard error, UTC with a zone, naming program and
// instance:
//   2026-11-24T12:00:00.123Z imrs-agent[4711] lab01 info: family=ipv4 phase=up reason="..."
// Only programs log; libraries return errors. Thread-safe. Never waits: a line that nobody takes is
// dropped, and the next one that is taken says how many were. Control characters are shown as "?".
// The same text (digits apart) at the same level is written five times in 10 s; more is counted, and the
// count is written with the first line after that (repeats.h). Opens descriptors in log_start() only.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace imrs {

enum class LogLevel { Debug, Info, Warning, Error };

// Call once, before the first line. `instance` may be set anew when the configuration is read.
void log_start(std::string_view program, std::string_view instance, LogLevel lowest);

void log_write(LogLevel level, std::string_view text);

template <typename... Args>
void log_debug(fmt::format_string<Args...> text, Args&&... args) {
  log_write(LogLevel::Debug, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_info(fmt::format_string<Args...> text, Args&&... args) {
  log_write(LogLevel::Info, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> text, Args&&... args) {
  log_write(LogLevel::Warning, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void log_error(fmt::format_string<Args...> text, Args&&... args) {
  log_write(LogLevel::Error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace imrs
