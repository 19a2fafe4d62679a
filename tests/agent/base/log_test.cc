// The form of a line in the log, which operators and their tools read.
#include "agent/base/log.h"

#include <gmock/gmock.h>
#include <unistd.h>

namespace imrs {
namespace {

std::string logged(const std::function<void()>& action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, LineHasUtcTimeProgramPidInstanceAndLevel) {
  const std::string line = logged([] {
    log_start("imrs-agent", "lab01", LogLevel::Info);
    log_warning("family={} phase={}", "ipv4", "up");
  });
  EXPECT_THAT(line,
              testing::ContainsRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
                                     "imrs-agent\\[[0-9]+\\] lab01 warning: family=ipv4 phase=up\n$"));
  EXPECT_THAT(line, testing::HasSubstr("[" + std::to_string(::getpid()) + "]"));
}

TEST(Log, LevelsBelowTheLowestAreLeftOut) {
  const std::string lines = logged([] {
    log_start("imrs-agent", "lab01", LogLevel::Warning);
    log_debug("one");
    log_info("two");
    log_error("three");
  });
  EXPECT_THAT(lines, testing::Not(testing::HasSubstr("two")));
  EXPECT_THAT(lines, testing::EndsWith("error: three\n"));
}

TEST(Log, InstanceWithPercentIsNotAPattern) {
  const std::string line = logged([] {
    log_start("imrs-agent", "lab%v01", LogLevel::Info);
    log_info("100 % {}", "%v");
  });
  EXPECT_THAT(line, testing::HasSubstr(" labv01 info: 100 % %v\n"));
}

}  // namespace
}  // namespace imrs
