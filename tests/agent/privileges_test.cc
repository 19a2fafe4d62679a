// What is left after become(): read from /proc of a child that has done it.
#include "agent/privileges.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace imrs::agent {
namespace {

constexpr unsigned kUser = 64999;

std::map<std::string, std::string> status_of_self() {
  std::ifstream file("/proc/self/status");
  std::map<std::string, std::string> fields;
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    const auto value = line.find_first_not_of(" \t", colon + 1);
    fields[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
  return fields;
}

// Runs `body` in a child; what it writes to the stream comes back. "" ends a good run.
template <typename Body>
std::string in_child(Body body) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    std::ostringstream out;
    body(out);
    const std::string text = out.str();
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string got;
  char buffer[512];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    got.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  return got;
}

class PrivilegesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: only root can drop privileges";
  }
};

TEST_F(PrivilegesTest, BecomeKeepsOnlyWhatIsNamed) {
  const std::string got = in_child([](std::ostream& out) {
    if (auto r = limit_bounding_set({CAP_NET_ADMIN}); !r) out << r.error().message;
    if (auto r = become(kUser, kUser, {CAP_NET_ADMIN}); !r) out << r.error().message;
    if (auto r = make_undumpable(); !r) out << r.error().message;
    if (auto r = forbid_new_privileges(); !r) out << r.error().message;
    auto s = status_of_self();
    out << s["Uid"] << "|" << s["Gid"] << "|" << s["Groups"] << "|" << s["CapPrm"] << "|" << s["CapEff"]
        << "|" << s["CapInh"] << "|" << s["CapAmb"] << "|" << s["CapBnd"] << "|" << s["NoNewPrivs"] << "|"
        << ::prctl(PR_GET_DUMPABLE);
  });
  EXPECT_EQ(got,
            "64999\t64999\t64999\t64999|64999\t64999\t64999\t64999||0000000000001000|"
            "0000000000001000|0000000000000000|0000000000000000|0000000000001000|1|0");
}

TEST_F(PrivilegesTest, WhatIsDroppedDoesNotComeBack) {
  const std::string got = in_child([](std::ostream& out) {
    if (auto r = become(kUser, kUser, {}); !r) out << r.error().message;
    out << ::setuid(0) << become(0, 0, {}).ok() << limit_bounding_set({}).ok();
  });
  EXPECT_EQ(got, "-100");
}

TEST_F(PrivilegesTest, MemoryIsLockedAlsoForTheUserItBecomes) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_MEMLOCK, &limit), 0);
  if (::prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) != 1 && limit.rlim_max != RLIM_INFINITY) {
    EXPECT_EQ(lock_memory().error().code, Errc::Unavailable);
    GTEST_SKIP() << "RLIMIT_MEMLOCK is finite and CAP_SYS_RESOURCE is missing here: seen refused only";
  }
  const std::string got = in_child([](std::ostream& out) {
    if (auto r = lock_memory(); !r) out << r.error().message;
    if (auto r = become(kUser, kUser, {}); !r) out << r.error().message;
    // More than any default RLIMIT_MEMLOCK: a later mapping must not fail.
    const std::string large(64 << 20, 'x');
    auto s = status_of_self();
    out << (large.size() == 64U << 20) << (std::stol(s["VmLck"]) > 64 * 1024);
  });
  EXPECT_EQ(got, "11");
}

}  // namespace
}  // namespace imrs::agent
