// The form of a line in the log, which operators and their tools read.
#include "agent/base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "agent/base/unique_fd.h"

namespace imrs {
namespace {

std::string logged(const std::function<void()>& action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

// What lies in a pipe.
std::string drained(int pipe) {
  std::string out, buffer(1 << 16, '\0');
  ::fcntl(pipe, F_SETFL, O_NONBLOCK);
  for (ssize_t size = 0; (size = ::read(pipe, buffer.data(), buffer.size())) > 0;) {
    out.append(buffer, 0, static_cast<std::size_t>(size));
  }
  return out;
}

TEST(Log, LineHasUtcTimeProgramPidInstanceAndLevel) {
  const std::string line = logged([] {
    log_start("imrs-agent", "lab01", LogLevel::Info);
    log_warning("family={} phase={}", "ipv4", "up");
  });
  EXPECT_THAT(line,
              testing::ContainsRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
                                     "imrs-agent\\[[0-9]+\\] lab01 warning: family=ipv4 phase=up\n$"));
  EXPECT_THAT(line, testing::HasSubstr(fmt::format("[{}]", ::getpid())));
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

TEST(Log, ALongLineIsCutAndEnds) {
  const std::string line = logged([] {
    log_start("imrs-agent", "lab01", LogLevel::Info);
    log_info("{}", std::string(100000, 'x'));
  });
  EXPECT_EQ(line.size(), 4096U);
  EXPECT_THAT(line, testing::EndsWith("xxx\n"));
}

TEST(Log, RepeatsAreLeftOutAtTheirOwnLevel) {
  const std::string lines = logged([] {
    log_start("imrs-agent", "lab01", LogLevel::Info);
    for (int i = 0; i < 50; ++i) log_error("round {}", i);
    log_warning("round 50");
  });
  EXPECT_EQ(std::ranges::count(lines, '\n'), 6);
  EXPECT_THAT(lines, testing::HasSubstr(" lab01 error: round 4\n"));
  EXPECT_THAT(lines, testing::EndsWith(" lab01 warning: round 50\n"));
}

// A pipe whose reader has stopped.
TEST(Log, AFullPipeIsNotWaitedForAndWhatIsLostIsCounted) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]), kept(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  ::dup2(ends[1], STDERR_FILENO);
  ::close(ends[1]);
  log_start("imrs-agent", "lab01", LogLevel::Info);
  constexpr std::size_t kLines = 200;
  auto done = std::async(std::launch::async, [] {
    for (std::size_t i = 1; i <= kLines; ++i) log_info("{}", std::string(1000, 'y') + std::string(i, 'x'));
  });
  const bool in_time = done.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  std::string before;
  do {  // also ends the wait of one that waits
    before += drained(reader.get());
  } while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready);
  log_info("at last");
  const std::string after = drained(reader.get());
  ::dup2(kept.get(), STDERR_FILENO);
  EXPECT_TRUE(in_time);
  const auto lost = kLines - static_cast<std::size_t>(std::ranges::count(before, '\n'));
  ASSERT_GT(lost, 0U);
  EXPECT_THAT(after, testing::ContainsRegex(fmt::format(" lab01 warning: .{} lines of the log were dropped: "
                                                        "nobody took them.\n[^\n]* lab01 info: at last\n$",
                                                        lost)));
}

}  // namespace
}  // namespace imrs
