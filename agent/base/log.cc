// The one place that knows spdlog. Called by programs only. It must never wait for whoever reads the
// lines: a journal that hangs would hang the agent's loop, and with it withdraw the routes.
#include "agent/base/log.h"

#include <poll.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>

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

// Standard error, line by line. A line that nobody would take now is dropped and counted. A pipe or
// socket that says it can be written takes PIPE_BUF octets without waiting; longer lines are cut.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!writable()) {
      ++dropped_;
      return;
    }
    if (dropped_ > 0) put(fmt::format("({} lines of the log were dropped: nobody took them)\n", dropped_));
    dropped_ = 0;
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    put({line.data(), line.size()});
  }
  void flush_() override {}

 private:
  static constexpr std::size_t kLongest = 4096;  // octets, PIPE_BUF

  static bool writable() {
    pollfd out{STDERR_FILENO, POLLOUT, 0};
    return ::poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0;
  }
  static void put(std::string_view line) {
    if (line.size() > kLongest) {
      (void)!::write(STDERR_FILENO, line.data(), kLongest - 1);
      line = "\n";
    }
    (void)!::write(STDERR_FILENO, line.data(), line.size());
  }

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

void log_start(std::string_view program, std::string_view instance, LogLevel lowest) {
  ::tzset();  // reads the time zone's file now: a sandboxed program may not do so at its first line
  auto logger = std::make_shared<spdlog::logger>("imrs", std::make_shared<StderrSink>());
  logger->set_pattern(fmt::format("%Y-%m-%dT%H:%M:%S.%eZ {}[%P] {} %l: %v", without_percent(program),
                                  without_percent(instance)),
                      spdlog::pattern_time_type::utc);
  logger->set_level(to_spdlog(lowest));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void log_write(LogLevel level, std::string_view text) {
  spdlog::default_logger_raw()->log(to_spdlog(level), without_controls(text));
}

}  // namespace imrs
