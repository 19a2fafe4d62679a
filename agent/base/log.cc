// The one place that knows spdlog. Called by programs only. It must never wait for whoever reads the
// lines: a journal that hangs would hang the agent's loop, and with it withdraw the routes.
#include "agent/base/log.h"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/base/journal.h"
#include "agent/base/log_internal.h"
#include "agent/base/repeats.h"

namespace imrs {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return spdlog::level::debug;
    case LogLevel::Info: return spdlog::level::info;
    case LogLevel::Warning: return spdlog::level::warn;
    case LogLevel::Error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

LogLevel from_spdlog(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug: return LogLevel::Debug;
    case spdlog::level::info: return LogLevel::Info;
    case spdlog::level::warn: return LogLevel::Warning;
    case spdlog::level::err:
    case spdlog::level::critical:
    case spdlog::level::off:
    case spdlog::level::n_levels: return LogLevel::Error;
  }
  return LogLevel::Error;
}

// Octets that a pipe or socket takes without waiting if it says that it can be written: PIPE_BUF.
constexpr std::size_t kLongestLine = 4096;

// False if nobody would take it now. A line that is too long is cut.
[[nodiscard]] bool write_to_stderr(spdlog::memory_buf_t& line) {
  pollfd out{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return false;
  if (line.size() > kLongestLine) {
    line.resize(kLongestLine);
    line[kLongestLine - 1] = '\n';
  }
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  return true;
}

// To the journal, or to standard error line by line. The base's lock is held in sink_it_().
class OperatorSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  OperatorSink(LogWriter writer, std::optional<Journal> journal)
      : writer_(std::move(writer)), journal_(std::move(journal)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    const LogLevel level = from_spdlog(message.level);
    const Repeats::Verdict verdict = repeats_.judge(level, text, std::chrono::steady_clock::now());
    for (const Repeats::Count& count : verdict.before) put(count.level, count.text);
    if (verdict.write) put(level, text);
  }
  void flush_() override {}

 private:
  // A line that is not taken is counted; the next that is taken comes after the count.
  void put(LogLevel level, std::string_view text) {
    if (dropped_ > 0 && write(LogLevel::Warning, dropped_text())) dropped_ = 0;
    if (dropped_ > 0 || !write(level, text)) ++dropped_;
  }
  [[nodiscard]] std::string dropped_text() const {
    return fmt::format("({} lines of the log were dropped: nobody took them)", dropped_);
  }
  // A journal that has gone for good leaves standard error.
  [[nodiscard]] bool write(LogLevel level, std::string_view text) {
    const auto sent = journal_ ? journal_->send(writer_, level, text) : Journal::Sent::Gone;
    if (sent != Journal::Sent::Gone) return sent == Journal::Sent::Taken;
    journal_.reset();
    spdlog::memory_buf_t line;
    formatter_->format(spdlog::details::log_msg("imrs", to_spdlog(level), text), line);
    return write_to_stderr(line);
  }

  LogWriter writer_;
  std::optional<Journal> journal_;
  Repeats repeats_;
  std::uint64_t dropped_ = 0;
};

// What comes from outside may hold anything: nothing of it may start a line of its own.
std::string without_controls(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

// '%' would start a spdlog pattern flag; identities never hold one, programs neither.
std::string without_percent(std::string_view text) {
  std::string out(text);
  std::erase(out, '%');
  return out;
}

}  // namespace

void internal::log_start(std::string_view program, std::string_view instance, LogLevel lowest,
                         const std::string& journal_socket) {
  ::tzset();  // reads the time zone's file now: a sandboxed program may not do so at its first line
  std::optional<Journal> journal;
  if (is_journal_stream(std::getenv("JOURNAL_STREAM"), STDERR_FILENO)) {
    journal = Journal::connect(journal_socket);
  }
  auto sink = std::make_shared<OperatorSink>(LogWriter{std::string(program), std::string(instance)},
                                             std::move(journal));
  auto logger = std::make_shared<spdlog::logger>("imrs", std::move(sink));
  logger->set_pattern(fmt::format("%Y-%m-%dT%H:%M:%S.%eZ {}[%P] {} %l: %v", without_percent(program),
                                  without_percent(instance)),
                      spdlog::pattern_time_type::utc);
  logger->set_level(to_spdlog(lowest));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void log_start(std::string_view program, std::string_view instance, LogLevel lowest) {
  internal::log_start(program, instance, lowest, kJournalSocket);
}

void log_write(LogLevel level, std::string_view text) {
  spdlog::default_logger_raw()->log(to_spdlog(level), without_controls(text));
}

}  // namespace imrs
