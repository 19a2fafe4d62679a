// The files of a change, and that a power cut between any two steps leaves a pair that belongs together.
#include "agent/ctl/config_files.h"

#include <gmock/gmock.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <vector>

#include "agent/base/directory.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

struct Place {
  test::TempDirectory directory;
  std::string config = directory.write("agent.json", "old config");
  std::string secrets = directory.path("secrets.json");

  explicit Place(bool with_secrets) {
    if (with_secrets) directory.write("secrets.json", "old secrets");
  }
  // "config + secrets"
  [[nodiscard]] std::string pair() const {
    return directory.read("agent.json") + " + " +
           (directory.has("secrets.json") ? directory.read("secrets.json") : "none");
  }
  [[nodiscard]] ConfigChange change(bool replaces_secrets) const {
    return {config, replaces_secrets ? secrets : ""};
  }
};

using Act = std::function<Result<void>(ConfigChange&)>;

const Act kForward[] = {[](ConfigChange& c) { return c.save(); },
                        [](ConfigChange& c) { return c.mark(1, false); },
                        [](ConfigChange& c) { return c.replace_secrets("new secrets"); },
                        [](ConfigChange& c) { return c.replace_config("new config"); }};

// The machine dies after `steps` of them, and starts.
std::string after_power_cut(const Place& place, const std::vector<Act>& steps, std::size_t count,
                            bool replaces_secrets) {
  {
    ConfigChange change = place.change(replaces_secrets);
    for (std::size_t i = 0; i < count; ++i) {
      const auto done = steps[i](change);
      if (!done) return done.error().message;
    }
  }
  const auto recovered = recover(place.config, Mark::Remove);
  if (!recovered) return recovered.error().message;
  if (place.directory.has("agent.json.pending")) return "the marker is still there";
  return place.pair();
}

TEST(ConfigFiles, APowerCutLeavesOneConfiguration) {
  struct Case {
    const char* description;
    bool had_secrets, replaces_secrets;
    const char *before, *after;
  };
  const Case cases[] = {
      {"both", true, true, "old config + old secrets", "new config + new secrets"},
      {"the configuration alone", true, false, "old config + old secrets", "new config + old secrets"},
      {"the first secrets", false, true, "old config + none", "new config + new secrets"},
      {"no secrets at all", false, false, "old config + none", "new config + none"},
  };
  const Act unmark = [](ConfigChange& c) { return c.unmark(); };
  const Act hold = [](ConfigChange& c) { return c.hold(); };
  const Act put_back = [](ConfigChange& c) { return c.put_back(); };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.description);
    std::vector<Act> confirmed(std::begin(kForward), std::end(kForward)), taken_back = confirmed;
    confirmed.push_back(hold);
    taken_back.insert(taken_back.end(), {put_back, unmark});
    for (std::size_t cut = 0; cut <= confirmed.size(); ++cut) {
      const Place place(one.had_secrets);
      const bool held = cut == confirmed.size();
      EXPECT_EQ(after_power_cut(place, confirmed, cut, one.replaces_secrets), held ? one.after : one.before)
          << "after " << cut << " steps";
    }
    for (std::size_t cut = 0; cut <= taken_back.size(); ++cut) {
      const Place place(one.had_secrets);
      EXPECT_EQ(after_power_cut(place, taken_back, cut, one.replaces_secrets), one.before)
          << "on the way back, after " << cut << " steps";
    }
  }
}

TEST(ConfigFiles, RecoveringMayBeCutOffToo) {
  const Place place(true);
  ConfigChange change = place.change(true);
  for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
  const auto pending = ConfigChange::pending(place.config);
  ASSERT_TRUE(pending && *pending);
  ASSERT_TRUE((*pending)->put_back().ok());  // the power goes here
  EXPECT_THAT(*recover(place.config, Mark::Remove), HasSubstr("the previous one is back"));
  EXPECT_EQ(place.pair(), "old config + old secrets");
  EXPECT_EQ(*recover(place.config, Mark::Remove), "nothing to put back");
}

// In a process of its own; its exit status says at which line it was wrong.
int status_of(const std::function<int()>& child) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(child());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Twice, as after a power cut between the files.
int goes_back(const Place& place, ConfigChange& change) {
  if (change.replace_config(std::string(100'000, 'x')).ok()) return 10;  // there is room
  for (int times = 0; times < 2; ++times) {
    if (!change.put_back().ok()) return 11;
    if (place.pair() != "old config + old secrets") return 12;
    if (place.directory.files().size() != 5) return 13;  // both, their .before, and the marker
  }
  return change.unmark().ok() && place.directory.files().size() == 2 ? 0 : 14;
}

TEST(ConfigFiles, GoingBackWritesNothing) {
  const Place place(true);
  ConfigChange change = place.change(true);
  for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
  EXPECT_EQ(status_of([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit none{0, 0};
              if (::setrlimit(RLIMIT_FSIZE, &none) != 0) return 1;
              return goes_back(place, change);
            }),
            0);
}

TEST(ConfigFiles, GoingBackNeedsNoRoomOnTheDisk) {
  constexpr int kNoMounts = 77;
  const test::TempDirectory directory;
  const int status = status_of([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("full", directory.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      return kNoMounts;
    }
    ::setenv("TMPDIR", directory.path().c_str(), 1);
    const Place place(true);
    ConfigChange change = place.change(true);
    for (const Act& step : kForward) {
      if (!step(change).ok()) return 1;
    }
    const int fill = ::open(directory.path("fill").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string page(4096, 'x');
    while (::write(fill, page.data(), page.size()) > 0) {
    }
    return goes_back(place, change);
  });
  if (status == kNoMounts) GTEST_SKIP() << "SKIPPED: only root may mount";
  EXPECT_EQ(status, 0);
}

TEST(ConfigFiles, OnlyWhatHoldsReplacesTheWayBack) {
  const Place place(true);
  place.directory.write("agent.json.previous", "older config");
  place.directory.write("secrets.json.previous", "older secrets");
  const auto previous = [&] {
    return place.directory.read("agent.json.previous") + " + " +
           place.directory.read("secrets.json.previous");
  };
  ConfigChange failed = place.change(true);
  for (const Act& step : kForward) ASSERT_TRUE(step(failed).ok());
  ASSERT_TRUE(failed.put_back().ok() && failed.unmark().ok());
  EXPECT_EQ(place.pair(), "old config + old secrets");
  EXPECT_EQ(previous(), "older config + older secrets");
  EXPECT_EQ(place.directory.files().size(), 4U) << "nothing else is left";
  ConfigChange good = place.change(true);
  for (const Act& step : kForward) ASSERT_TRUE(step(good).ok());
  ASSERT_TRUE(good.hold().ok() && good.keep_previous().ok());
  EXPECT_EQ(place.pair(), "new config + new secrets");
  EXPECT_EQ(previous(), "old config + old secrets");
  EXPECT_EQ(place.directory.files().size(), 4U);
}

TEST(ConfigFiles, WhoTellsNobodyLeavesTheMark) {
  const Place place(true);
  ConfigChange change = place.change(true);
  for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
  for (int units = 0; units < 2; ++units) {
    EXPECT_THAT(*recover(place.config, Mark::Leave), HasSubstr("is back"));
    EXPECT_EQ(place.pair(), "old config + old secrets");
    EXPECT_TRUE(place.directory.has("agent.json.pending"));
  }
  EXPECT_THAT(*recover(place.config, Mark::Remove), HasSubstr("is back"));
  EXPECT_FALSE(place.directory.has("agent.json.pending"));
}

TEST(ConfigFiles, WhatIsOnTrialIsLeftAlone) {
  const Place place(true);
  {
    const auto lock = lock_directory(directory_of(place.config));
    ASSERT_TRUE(lock);
    ConfigChange change = place.change(true);
    for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
    EXPECT_THAT(*recover(place.config, Mark::Remove), HasSubstr("on trial"));
    EXPECT_EQ(place.pair(), "new config + new secrets");
    EXPECT_EQ(lock_directory(directory_of(place.config)).error().code, Errc::Unavailable) << "one at a time";
  }
  EXPECT_THAT(*recover(place.config, Mark::Remove), HasSubstr("the previous one is back"))
      << "who made it has died";
  const auto one = lock_directory(directory_of(place.config), true),
             other = lock_directory(directory_of(place.config), true);
  EXPECT_TRUE(one && other) << "several units may recover at the same time";
}

TEST(ConfigFiles, AConfirmationIsTakenOnlyWhenSomebodyWaitsForIt) {
  const Place place(true);
  constexpr std::int64_t kLoaded = 700;
  constexpr Login kOld{Login::Kind::Ssh, kLoaded}, kNew{Login::Kind::Ssh, kLoaded + 1},
      kConsole{Login::Kind::Console, 0}, kDetached{Login::Kind::Other, 0};
  EXPECT_EQ(confirm(place.config, kNew).error().code, Errc::Refused) << "no change";
  {
    const auto lock = lock_directory(directory_of(place.config));
    ASSERT_TRUE(lock);
    ConfigChange change = place.change(true);
    place.directory.write("agent.json.confirmed", "");  // an older one
    for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
    EXPECT_FALSE(change.is_confirmed());
    EXPECT_EQ(confirm(place.config, kNew).error().code, Errc::Refused) << "not yet asked for";
    ASSERT_TRUE(change.ask(kLoaded).ok());
    EXPECT_FALSE(change.is_confirmed());
    EXPECT_THAT(confirm(place.config, kOld).error().message, HasSubstr("began before"));
    EXPECT_THAT(confirm(place.config, kDetached).error().message, HasSubstr("tmux"));
    EXPECT_FALSE(change.is_confirmed());
    EXPECT_TRUE(confirm(place.config, kNew).ok());
    EXPECT_TRUE(change.is_confirmed());
    ASSERT_EQ(::unlink(place.directory.path("agent.json.confirmed").c_str()), 0);
    EXPECT_TRUE(confirm(place.config, kConsole).ok());
    EXPECT_TRUE(change.is_confirmed());
  }
  EXPECT_THAT(confirm(place.config, kNew).error().message, HasSubstr("goes back")) << "who waited has died";
  EXPECT_THAT(*recover(place.config, Mark::Remove), HasSubstr("the previous one is back"));
  EXPECT_EQ(place.pair(), "old config + old secrets");
  EXPECT_FALSE(place.directory.has("agent.json.confirmed"));
}

TEST(ConfigFiles, AMarkerThatCannotBeReadIsAnError) {
  for (const char* text : {"", "{", "[]", R"({"secrets": 1})", R"({"what": "x"})"}) {
    const Place place(true);
    place.directory.write("agent.json.pending", text);
    place.directory.write("agent.json.before", "older config");
    EXPECT_FALSE(recover(place.config, Mark::Remove)) << text;
    EXPECT_EQ(place.pair(), "old config + old secrets");
  }
}

TEST(ConfigFiles, AreNeverForOthers) {
  const Place place(true);
  ::chmod(place.secrets.c_str(), 0600);
  ConfigChange change = place.change(true);
  for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
  for (const char* name :
       {"agent.json", "agent.json.before", "agent.json.pending", "secrets.json", "secrets.json.before"}) {
    EXPECT_EQ(mode_of(place.directory.path(name)), 0640U) << name;
  }
}

TEST(ConfigFiles, KeepTheirGroup) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "SKIPPED: only root may give files to groups";
  }
  constexpr gid_t kGroup = 64001;
  const test::TempDirectory directory;
  const std::string file = directory.write("agent.json", "old");
  ASSERT_EQ(::chown(file.c_str(), 0, kGroup), 0);
  ASSERT_TRUE(write_private(file, "new").ok());
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, kGroup);
  EXPECT_EQ(::getegid(), 0U);
  EXPECT_EQ(directory.read("agent.json"), "new");
  EXPECT_EQ(directory.files().size(), 1U) << "no temporary file is left";
}

TEST(ConfigFiles, GoBackToTheirGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root may give files to groups";
  constexpr gid_t kGroup = 64001;
  const Place place(true);
  for (const std::string& file : {place.config, place.secrets}) {
    ASSERT_EQ(::chown(file.c_str(), 0, kGroup), 0);
  }
  ConfigChange change = place.change(true);
  for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
  ASSERT_TRUE(change.put_back().ok());
  for (const std::string& file : {place.config, place.secrets}) {
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_gid, kGroup) << file;
    EXPECT_EQ(status.st_mode & 07777U, 0640U) << file;
  }
}

TEST(ConfigFiles, ErrorsNameTheFile) {
  const test::TempDirectory directory;
  const ConfigChange change(directory.path("agent.json"), "");
  EXPECT_THAT(change.save().error().message, HasSubstr(directory.path("agent.json")));
  EXPECT_THAT(read_small_file(directory.write("large", std::string((1 << 20) + 1, 'x'))).error().message,
              HasSubstr("too large"));
  EXPECT_THAT(write_private(directory.path("no/agent.json"), "x").error().message,
              HasSubstr("no/agent.json"));
  EXPECT_EQ(*recover(directory.path("agent.json"), Mark::Remove), "nothing to put back");
}

}  // namespace
}  // namespace imrs::ctl
