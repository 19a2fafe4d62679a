// The files of a change, and that a power cut between any two steps leaves a pair that belongs together.
#include "agent/ctl/config_files.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "agent/base/directory.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

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

const Act kForward[] = {[](ConfigChange& c) { return c.save(); }, [](ConfigChange& c) { return c.mark(1); },
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
  const auto recovered = recover(place.config);
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
  const Act put_back = [](ConfigChange& c) { return c.put_back(); };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.description);
    std::vector<Act> confirmed(std::begin(kForward), std::end(kForward)), taken_back = confirmed;
    confirmed.push_back(unmark);
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
  EXPECT_THAT(*recover(place.config), HasSubstr("the previous one is back"));
  EXPECT_EQ(place.pair(), "old config + old secrets");
  EXPECT_EQ(*recover(place.config), "nothing to put back");
  EXPECT_EQ(place.directory.read("agent.json.previous"), "old config");
}

TEST(ConfigFiles, WhatIsOnTrialIsLeftAlone) {
  const Place place(true);
  {
    const auto lock = lock_directory(directory_of(place.config));
    ASSERT_TRUE(lock);
    ConfigChange change = place.change(true);
    for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
    EXPECT_THAT(*recover(place.config), HasSubstr("on trial"));
    EXPECT_EQ(place.pair(), "new config + new secrets");
    EXPECT_EQ(lock_directory(directory_of(place.config)).error().code, Errc::Unavailable) << "one at a time";
  }
  EXPECT_THAT(*recover(place.config), HasSubstr("the previous one is back")) << "who made it has died";
  const auto one = lock_directory(directory_of(place.config), true),
             other = lock_directory(directory_of(place.config), true);
  EXPECT_TRUE(one && other) << "several units may recover at the same time";
}

TEST(ConfigFiles, AConfirmationIsTakenOnlyWhenSomebodyWaitsForIt) {
  const Place place(true);
  EXPECT_EQ(confirm(place.config).error().code, Errc::Refused) << "no change";
  {
    const auto lock = lock_directory(directory_of(place.config));
    ASSERT_TRUE(lock);
    ConfigChange change = place.change(true);
    place.directory.write("agent.json.confirmed", "");  // an older one
    for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
    EXPECT_FALSE(change.is_confirmed());
    EXPECT_EQ(confirm(place.config).error().code, Errc::Refused) << "not yet asked for";
    ASSERT_TRUE(change.ask().ok());
    EXPECT_FALSE(change.is_confirmed());
    EXPECT_TRUE(confirm(place.config).ok());
    EXPECT_TRUE(change.is_confirmed());
  }
  EXPECT_THAT(confirm(place.config).error().message, HasSubstr("goes back")) << "who waited has died";
  EXPECT_THAT(*recover(place.config), HasSubstr("the previous one is back"));
  EXPECT_EQ(place.pair(), "old config + old secrets");
  EXPECT_FALSE(place.directory.has("agent.json.confirmed"));
}

TEST(ConfigFiles, AMarkerThatCannotBeReadIsAnError) {
  for (const char* text : {"", "{", "[]", R"({"secrets": 1})", R"({"what": "x"})"}) {
    const Place place(true);
    place.directory.write("agent.json.pending", text);
    place.directory.write("agent.json.previous", "older config");
    EXPECT_FALSE(recover(place.config)) << text;
    EXPECT_EQ(place.pair(), "old config + old secrets");
  }
}

TEST(ConfigFiles, AreNeverForOthers) {
  const Place place(true);
  ::chmod(place.secrets.c_str(), 0600);
  ConfigChange change = place.change(true);
  for (const Act& step : kForward) ASSERT_TRUE(step(change).ok());
  for (const char* name :
       {"agent.json", "agent.json.previous", "agent.json.pending", "secrets.json", "secrets.json.previous"}) {
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

TEST(ConfigFiles, ErrorsNameTheFile) {
  const test::TempDirectory directory;
  const ConfigChange change(directory.path("agent.json"), "");
  EXPECT_THAT(change.save().error().message, HasSubstr(directory.path("agent.json")));
  EXPECT_THAT(read_small_file(directory.write("large", std::string((1 << 20) + 1, 'x'))).error().message,
              HasSubstr("too large"));
  EXPECT_THAT(write_private(directory.path("no/agent.json"), "x").error().message,
              HasSubstr("no/agent.json"));
  EXPECT_EQ(*recover(directory.path("agent.json")), "nothing to put back");
}

}  // namespace
}  // namespace imrs::ctl
