// Files that are replaced with what was there kept, and programs that are run without a shell.
#include "agent/remote/kept_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

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

// A whole replacement that stays.
void replace(const std::string& path, std::string_view content,
             const std::optional<FileReader>& reader = std::nullopt) {
  ASSERT_TRUE(replace_kept(path, content, reader)) << path;
  ASSERT_TRUE(settle(path)) << path;
}

TEST(KeptFile, OwnerModeAndWhatWasThereAreKept) {
  const TempDirectory directory;
  const std::string path = directory.write("secrets.json", "one");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_TRUE(::geteuid() != 0 || ::chown(path.c_str(), 0, 64001) == 0);
  const auto before = status_of(path);
  replace(path, "two");
  replace(path, "three");
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
  ASSERT_TRUE(put_back(directory.path("new"), Before::Nothing));
  EXPECT_THAT(directory.files(), testing::IsEmpty()) << "there was none before";
}

TEST(KeptFile, WhatIsTakenBackCostsNobodyHisWayBack) {
  const TempDirectory directory;
  const std::string path = directory.write("file", "one");
  replace(path, "two");
  const auto found = replace_kept(path, "three");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, Before::There);
  EXPECT_TRUE(is_unsettled(path));
  EXPECT_EQ(directory.read("file.previous"), "two") << "imrs-web looks there for what fits";
  ASSERT_TRUE(put_back(path, *found));
  EXPECT_EQ(directory.read("file") + directory.read("file.previous"), "twoone");
  EXPECT_THAT(directory.files(), UnorderedElementsAre("file", "file.previous"));
  EXPECT_FALSE(is_unsettled(path));
}

TEST(KeptFile, AStalePreviousIsNotBroughtToLife) {
  const TempDirectory directory;
  directory.write("file.previous", "stale");
  const auto found = replace_kept(directory.path("file"), "new");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, Before::Nothing);
  ASSERT_TRUE(put_back(directory.path("file"), *found));
  EXPECT_THAT(directory.files(), UnorderedElementsAre("file.previous"));
  EXPECT_EQ(directory.read("file.previous"), "stale");
}

// After a leak this is how the leaked one is got rid of.
TEST(KeptFile, TheSameTwiceLeavesNothingElse) {
  const TempDirectory directory;
  const std::string path = directory.write("file", "leaked");
  replace(path, "two");
  ASSERT_TRUE(replace_kept(path, "two"));  // killed here
  ASSERT_TRUE(settle(path));
  EXPECT_EQ(directory.read("file") + directory.read("file.previous"), "twotwo");
  EXPECT_THAT(directory.files(), UnorderedElementsAre("file", "file.previous"));
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
  ASSERT_TRUE(put_back(path, Before::There));
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
  replace(path, "two");
  EXPECT_EQ(directory.read("file.previous"), "one");
  EXPECT_THAT(directory.files(), UnorderedElementsAre("file", "file.previous"));
  fs::remove(directory.path("file.previous"));
  fs::create_hard_link(path, directory.path("file.previous"));
  replace(path, "three");
  EXPECT_EQ(directory.read("file.previous"), "two");
  EXPECT_THAT(directory.files(), UnorderedElementsAre("file", "file.previous"));
}

TEST(KeptFile, WhatAKilledOneHasLeftIsRemoved) {
  const TempDirectory directory;
  const std::string path = directory.write("file", "one");
  for (const char* name : {"file.new-a1B2c3", "file.new-ZZZZZZ"}) directory.write(name, "secret");
  const std::vector<std::string> others{"file.before",      "file.failed",     "file.new-a1B2c",
                                        "file.new-a1B2c34", "file.new-a1B2c_", "other.new-a1B2c3"};
  for (const std::string& name : others) directory.write(name, "not ours");
  fs::create_symlink(path, directory.path("file.new-a1B2cL"));
  fs::create_directory(directory.path("file.new-a1B2cD"));
  ASSERT_TRUE(replace_kept(path, "two"));
  auto want = others;
  want.insert(want.end(), {"file", "file.previous", "file.new-a1B2cL"});
  EXPECT_THAT(directory.files(), testing::UnorderedElementsAreArray(want));
  EXPECT_TRUE(fs::is_directory(directory.path("file.new-a1B2cD")));
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(directory.write("file.new-stranG", "").c_str(), 64001, 64001), 0);
  ASSERT_TRUE(replace_kept(path, "three"));
  EXPECT_TRUE(directory.has("file.new-stranG")) << "somebody else's";
}

TEST(KeptFile, WhoHasToReadItCan) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  constexpr FileReader kWeb{64005, 64006};
  struct Case {
    const char* description;
    uid_t owner;
    gid_t group;
    mode_t mode, want_mode;
    gid_t want_group;
  };
  const Case cases[] = {
      {"as openssl req makes a key", 0, 0, 0600, 0640, 64006},
      {"another group", 0, 64001, 0640, 0640, 64006},
      {"its own group that may not", 0, 64006, 0600, 0640, 64006},
      {"its own group that may", 0, 64006, 0640, 0640, 64006},
      {"everybody may, as with a certificate", 0, 0, 0644, 0644, 0},
      {"everybody but its group may", 0, 64006, 0604, 0640, 64006},
      {"its own", 64005, 0, 0400, 0400, 0},
      {"its own, which it may not read", 64005, 0, 0040, 0640, 64006},
  };
  for (const Case& at : cases) {
    const TempDirectory directory;
    const std::string replaced = directory.write("replaced", "one"),
                      changed = directory.write("changed", "one");
    for (const std::string& path : {replaced, changed}) {
      ASSERT_EQ(::chown(path.c_str(), at.owner, at.group), 0);
      ASSERT_EQ(::chmod(path.c_str(), at.mode), 0);
    }
    ASSERT_TRUE(replace_kept(replaced, "two", kWeb)) << at.description;
    ASSERT_TRUE(let_read(changed, kWeb)) << at.description;
    for (const std::string& path : {replaced, changed}) {
      const auto status = status_of(path);
      EXPECT_EQ(status.st_mode & 0777U, at.want_mode) << at.description << ", " << path;
      EXPECT_EQ(status.st_gid, at.want_group) << at.description << ", " << path;
      EXPECT_EQ(status.st_uid, at.owner) << at.description << ", " << path;
    }
  }
}

TEST(KeptFile, WhatIsForEverybodyIsForEverybody) {
  const mode_t mask = ::umask(077);
  const TempDirectory directory;
  const auto mode_of = [&](const char* name) { return status_of(directory.path(name)).st_mode & 07777U; };
  replace(directory.path("new"), "one", kEverybody);
  EXPECT_EQ(mode_of("new"), 0644U);
  for (const mode_t mode : {0600U, 0640U, 0604U, 0664U, 0644U}) {
    const std::string path = directory.write("file", "one");
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    replace(path, "two", kEverybody);
    EXPECT_EQ(mode_of("file"), 0644U) << mode;
    EXPECT_EQ(mode_of("file.previous"), mode) << "what goes back is as it was";
    ASSERT_TRUE(let_read(directory.path("file.previous"), kEverybody));
    EXPECT_EQ(mode_of("file.previous"), 0644U) << mode;
  }
  ::umask(mask);
}

// Without root nothing is given away; the mode is right, and it is no error.
TEST(KeptFile, WhoHasToReadANewOneCan) {
  const TempDirectory directory;
  const std::string path = directory.path("new");
  const FileReader web{::geteuid() + 64005, ::getegid() + 64005};
  EXPECT_TRUE(let_read(path, web)) << "there is none";
  ASSERT_TRUE(replace_kept(path, "one", web));
  EXPECT_EQ(status_of(path).st_mode & 07777U, 0640U);
  EXPECT_EQ(status_of(path).st_gid, ::geteuid() == 0 ? web.group : status_of(directory.path()).st_gid);
  fs::create_symlink(path, directory.path("link"));
  EXPECT_FALSE(let_read(directory.path("link"), web));
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
  RunSettings short_lived;
  short_lived.limit = std::chrono::seconds(1);
  EXPECT_EQ(run_shell("exec sleep 60", short_lived), 128 + SIGALRM);
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
  RunSettings outliving;
  outliving.outlives = true;
  EXPECT_EQ(run_shell(kScript, outliving), 5);
}

}  // namespace
}  // namespace imrs::remote
