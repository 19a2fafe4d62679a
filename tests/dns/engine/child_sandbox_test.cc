// The engine that runs, seen from outside: what /proc says of it once it serves.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/dns/engine/child_fixture.h"

namespace imrs::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class RunningEngine : public Child {
 protected:
  static constexpr std::uint8_t kWorkers = 2;

  void SetUp() override {
#ifdef IMRS_SANITIZED
    GTEST_SKIP() << "SKIPPED: builds with sanitizers have no seccomp filter, and mappings of their own";
#endif
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can look at a process that is not dumpable";
    Child::SetUp();
    set_up(kWorkers, kWorkers);
    const auto image = image_of(three_zones(1));
    send_image(*image, 1);
    ASSERT_EQ(wait_serving(), 1U);
    ASSERT_EQ(ask(query_), response_to(*image, query_));
  }

  [[nodiscard]] std::filesystem::path proc() const { return "/proc/" + std::to_string(pid_); }

  static std::string read(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
  }
};

// The second field of a line of /proc/PID/maps: "rwxp".
std::string permissions(const std::string& line) {
  std::istringstream fields(line);
  std::string range, out;
  fields >> range >> out;
  return out;
}

TEST_F(RunningEngine, NoMappingIsWritableAndExecutable) {
  int executable = 0, writable = 0;
  std::istringstream lines(read(proc() / "maps"));
  for (std::string line; std::getline(lines, line);) {
    const std::string may = permissions(line);
    const bool writes = may.find('w') != std::string::npos, runs = may.find('x') != std::string::npos;
    writable += writes ? 1 : 0;
    executable += runs ? 1 : 0;
    EXPECT_FALSE(writes && runs) << line;
  }
  EXPECT_GT(executable, 0) << "not the maps of a program";
  EXPECT_GT(writable, 0);
}

TEST_F(RunningEngine, TheImageIsMappedReadOnly) {
  const std::string maps = read(proc() / "maps");
  EXPECT_THAT(maps, ContainsRegex("r--p [^\n]*memfd:image"));
  EXPECT_THAT(maps, testing::Not(ContainsRegex("w[x-][ps] [^\n]*memfd:image")));
}

TEST_F(RunningEngine, EveryThreadIsCaged) {
  std::size_t threads = 0;
  for (const auto& task : std::filesystem::directory_iterator(proc() / "task")) {
    const std::string status = read(task.path() / "status");
    EXPECT_THAT(status, HasSubstr("\nSeccomp:\t2\n"));
    EXPECT_THAT(status, HasSubstr("\nNoNewPrivs:\t1\n"));
    ++threads;
  }
  EXPECT_EQ(threads, kWorkers + 1U);
}

TEST_F(RunningEngine, ItLeavesNoCore) {
  EXPECT_THAT(read(proc() / "limits"), ContainsRegex("Max core file size +0 +0 "));
}

}  // namespace
}  // namespace imrs::test
