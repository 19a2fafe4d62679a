// The one place that knows spdlog. Called by programs only.
#include "agent/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <ctime>
#include <memory>
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

// '%' would start a spdlog pattern flag; identities never hold one, programs neither.
std::string without_percent(std::string_view text) {
  std::string out(text);
  std::erase(out, '%');
  return out;
}

}  // namespace

void log_start(std::string_view program, std::string_view instance, LogLevel lowest) {
  ::tzset();  // reads the time zone's file now: a sandboxed program may not do so at its first line
  auto logger = std::make_shared<spdlog::logger>(
      "imrs", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(fmt::format("%Y-%m-%dT%H:%M:%S.%eZ {}[%P] {} %l: %v",
                                  without_percent(program), without_percent(instance)),
                      spdlog::pattern_time_type::utc);
  logger->set_level(to_spdlog(lowest));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void log_write(LogLevel level, std::string_view text) {
  spdlog::default_logger_raw()->log(to_spdlog(level), text);
}

}  // namespace imrs
