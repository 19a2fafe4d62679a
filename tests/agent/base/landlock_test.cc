// What a process can still reach, tried from inside: each attempt in a process of its own.
#include "agent/base/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

namespace imrs {
namespace {

namespace fs = std::filesystem;
constexpr int kNoLandlock = 77;

class Landlock : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/imrs-landlock-XXXXXX";
    root_ = ::mkdtemp(name);
    for (const char* directory : {"read", "write", "other"}) {
      fs::create_directory(root_ + "/" + directory);
      std::ofstream(root_ + "/" + directory + "/file") << "x";
    }
    const int status = inside([] { return true; });
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNoLandlock) {
      GTEST_SKIP() << "SKIPPED: this kernel has no landlock";
    }
  }
  void TearDown() override { fs::remove_all(root_); }

  int inside(const std::function<bool()>& action) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      const auto restricted = restrict_files({.read = {root_ + "/read", root_ + "/read/not there"},
                                              .write = {root_ + "/write", root_ + "/no such directory"}});
      if (!restricted) ::_exit(restricted.error().code == Errc::Unavailable ? kNoLandlock : 2);
      ::_exit(action() ? 0 : 1);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
  }
  void expect(const char* what, const std::function<bool()>& action) {
    const int status = inside(action);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << what << ": " << status;
  }
  [[nodiscard]] bool opens(const std::string& path, int flags) const {
    const int fd = ::open((root_ + "/" + path).c_str(), flags | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);
    return fd >= 0;
  }

  std::string root_;
};

TEST_F(Landlock, WhatIsNamedCanBeReachedAndNothingElse) {
  expect("read", [&] { return opens("read/file", O_RDONLY); });
  expect("list", [&] { return opens("read", O_RDONLY | O_DIRECTORY); });
  expect("no write where only reading is allowed", [&] { return !opens("read/file", O_WRONLY); });
  expect("no new file there", [&] { return !opens("read/new", O_WRONLY | O_CREAT); });
  expect("nothing beside", [&] { return !opens("other/file", O_RDONLY); });
  expect("nothing of the system", [] { return ::open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES; });
  expect("no programs", [] { return ::execl("/bin/true", "true", nullptr) < 0; });
  expect("write a generation", [&] {
    return opens("write/new", O_WRONLY | O_CREAT) && opens("write", O_RDONLY | O_DIRECTORY) &&
           std::rename((root_ + "/write/file").c_str(), (root_ + "/write/before").c_str()) == 0 &&
           std::rename((root_ + "/write/new").c_str(), (root_ + "/write/file").c_str()) == 0 &&
           ::unlink((root_ + "/write/before").c_str()) == 0;
  });
  expect("nothing above a directory to write to that is not there",
         [&] { return !opens("new", O_WRONLY | O_CREAT); });
  expect("directories below it", [&] {  // a day's, of imrs-web
    const std::string directory = root_ + "/write/directory";
    return ::mkdir(directory.c_str(), 0700) == 0 && opens("write/directory/new", O_WRONLY | O_CREAT) &&
           ::unlink((directory + "/new").c_str()) == 0 && ::rmdir(directory.c_str()) == 0;
  });
  expect("no directories elsewhere", [&] { return ::mkdir((root_ + "/read/directory").c_str(), 0700) < 0; });
  expect("no links", [&] { return ::symlink("/etc", (root_ + "/write/link").c_str()) < 0; });
}

}  // namespace
}  // namespace imrs
