// Files that are replaced with what was there kept, and programs that are run without a shell.
#include "agent/remote/kept_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "agent/remote/run_program.h"
#include "tests/support/temp_directory.h"

namespace imrs::remote {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

TEST(KeptFile, OwnerModeAndWhatWasThereAreKept) {
  const TempDirectory directory;
  const std::string path = directory.write("secrets.json", "one");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(::geteuid() != 0 || ::chown(path.c_str(), 0, 64001) == 0);
  const auto before = status_of(path);
  ASSERT_TRUE(replace_kept(path, "two"));
  ASSERT_TRUE(replace_kept(path, "three"));
  EXPECT_EQ(directory.read("secrets.json"), "three");
  EXPECT_EQ(directory.read("secrets.json.previous"), "two");
  EXPECT_THAT(directory.files(), UnorderedElementsAre("secrets.json", "secrets.json.previous"));
  for (const char* name : {"secrets.json", "secrets.json.previous"}) {
    const auto after = status_of(directory.path(name));
    EXPECT_EQ(after.st_mode, before.st_mode) << name;
    EXPECT_EQ(after.st_gid, before.st_gid) << name;
    EXPECT_EQ(after.st_uid, before.st_uid) << name;
  }
}

TEST(KeptFile, ANewOneIsForItsDirectorysGroup) {
  const TempDirectory directory;
  ASSERT_TRUE(::geteuid() != 0 || ::chown(directory.path().c_str(), 0, 64001) == 0);
  ASSERT_TRUE(replace_kept(directory.path("new"), "one"));
  EXPECT_EQ(status_of(directory.path("new")).st_mode & 07777, 0640U);
  EXPECT_EQ(status_of(directory.path("new")).st_gid, status_of(directory.path()).st_gid);
  EXPECT_THAT(directory.files(), UnorderedElementsAre("new"));
  ASSERT_TRUE(put_back(directory.path("new")));
  EXPECT_THAT(directory.files(), testing::IsEmpty()) << "there was none before";
}

TEST(KeptFile, BackAndForth) {
  const TempDirectory directory;
  const std::string path = directory.write("file", "one");
  EXPECT_EQ(exchange_with_previous(path).error().code, Errc::Unavailable);
  ASSERT_TRUE(replace_kept(path, "two"));
  ASSERT_TRUE(exchange_with_previous(path));
  EXPECT_EQ(directory.read("file") + directory.read("file.previous"), "onetwo");
  ASSERT_TRUE(exchange_with_previous(path));
  EXPECT_EQ(directory.read("file") + directory.read("file.previous"), "twoone");
  ASSERT_TRUE(put_back(path));
  EXPECT_EQ(directory.read("file"), "one");
  EXPECT_FALSE(directory.has("file.previous"));
}

TEST(KeptFile, NothingIsFollowedAndNothingIsLeft) {
  const TempDirectory directory;
  directory.write("target", "one");
  fs::create_symlink(directory.path("target"), directory.path("link"));
  EXPECT_THAT(replace_kept(directory.path("link"), "two").error().message, HasSubstr("no regular file"));
  EXPECT_EQ(directory.read("target"), "one");
  fs::create_directory(directory.path("folder"));
  EXPECT_FALSE(replace_kept(directory.path("folder"), "two"));
  EXPECT_FALSE(replace_kept(directory.path("nowhere/file"), "two"));
  EXPECT_THAT(directory.files(), UnorderedElementsAre("target", "link"));
}

// A crash between the two names of the file before leaves a third one.
TEST(KeptFile, WhatACrashHasLeftIsNoHindrance) {
  const TempDirectory directory;
  const std::string path = directory.write("file", "one");
  directory.write("file.previous.new", "rubbish");
  ASSERT_TRUE(replace_kept(path, "two"));
  EXPECT_EQ(directory.read("file.previous"), "one");
  EXPECT_THAT(directory.files(), UnorderedElementsAre("file", "file.previous"));
  fs::remove(directory.path("file.previous"));
  fs::create_hard_link(path, directory.path("file.previous"));
  ASSERT_TRUE(replace_kept(path, "three"));
  EXPECT_EQ(directory.read("file.previous"), "two");
  EXPECT_THAT(directory.files(), UnorderedElementsAre("file", "file.previous"));
}

int run_shell(const std::string& script, const RunSettings& settings = {}) {
  const auto status = run_program("/bin/sh", {"sh", "-c", script, "a", "b c; exit 9"}, settings);
  EXPECT_TRUE(status) << status.error().message;
  return status ? *status : -1;
}

TEST(RunProgram, ItsEndIsItsExitStatusOrItsSignal) {
  EXPECT_EQ(run_shell("exit 0"), 0);
  EXPECT_EQ(run_shell("exit 7"), 7);
  EXPECT_EQ(run_shell("kill -TERM $$"), 128 + SIGTERM);
  EXPECT_EQ(run_shell("sleep 60", {.limit = std::chrono::seconds(1)}), 128 + SIGALRM);
  EXPECT_THAT(run_program("/nowhere/program", {"x"}, {}).error().message, HasSubstr("/nowhere/program"));
}

TEST(RunProgram, WordsStayWordsAndNothingElseIsHandedOn) {
  ASSERT_EQ(::setenv("LD_PRELOAD_LOOKALIKE", "1", 1), 0);
  EXPECT_EQ(run_shell(R"([ "$#" = 1 ] && [ "$1" = 'b c; exit 9' ])"), 0);
  EXPECT_EQ(run_shell(R"([ -z "$LD_PRELOAD_LOOKALIKE" ] && [ "$LANG" = C.UTF-8 ])"), 0);
  EXPECT_EQ(run_shell("! read line"), 0) << "standard input is empty";
  EXPECT_EQ(run_shell("ls /proc/self/fd | wc -l | grep -qx 4"), 0) << "0, 1, 2 and ls's own";
}

TEST(RunProgram, WhatOutlivesItsReaderGoesOn) {
  constexpr const char* kScript = "trap '' USR1; (sleep 0.1; kill -PIPE $$) & wait $!; exit 5";
  EXPECT_EQ(run_shell(kScript), 128 + SIGPIPE);
  EXPECT_EQ(run_shell(kScript, {.outlives = true}), 5);
}

}  // namespace
}  // namespace imrs::remote
