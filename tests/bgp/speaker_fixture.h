// tests/bgp/speaker_fixture.h
// A speaker and a fake BIRD on one loop, and what the speaker's hooks were told.
#pragma once

#include <gmock/gmock.h>
#include <stdlib.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <optional>

#include "bgp/speaker.h"
#include "fake_bird.h"

namespace imrs::bgp::test {

using std::chrono::milliseconds;

// A directory of its own, removed at the end.
struct TemporaryDirectory {
  TemporaryDirectory() { path = ::mkdtemp(name.data()) != nullptr ? name : ""; }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
  std::string name = (std::filesystem::temp_directory_path() / "imrs-bgp-XXXXXX").string();
  std::string path;
};

inline const std::vector<std::string> kNeighbours{"host4", "host6"};

inline AnnouncedSet nothing() { return AnnouncedSet(kNeighbours); }

// Both prefixes of IPv4, and nothing else.
inline AnnouncedSet ipv4() {
  AnnouncedSet wanted = nothing();
  wanted.at("host4") = {.specific = true, .covering = true, .draining = false};
  return wanted;
}

class SpeakerTest : public testing::Test {
 protected:
  using Clock = std::chrono::steady_clock;

  void start() {
    Speaker::Hooks hooks;
    hooks.disabled = [this] {
      ++disabled;
      if (!bird.none_enabled()) enabled_at_hook = true;
    };
    hooks.withdrawal_late = [this](std::string_view why) { late.emplace_back(why); };
    hooks.withdrawal_confirmed = [this] { ++confirmed; };
    hooks.kill_bird = [this](int pidfd, std::string_view why) {
      kills.push_back({pidfd >= 0, std::string(why)});
    };
    hooks.changed = [this] {
      ++changed;
      if (!speaker->observed().error.empty()) errors.push_back(speaker->observed().error);
    };
    hooks.note = [this](const std::string& line) { notes.push_back(line); };
    speaker = std::make_unique<Speaker>(io.get_executor(), settings, std::move(hooks));
    boost::asio::co_spawn(io, speaker->run(), boost::asio::detached);
  }

  // Runs the loop until `done` or the limit, which is for a busy machine; what `done` says then.
  template <typename Done>
  bool run_until(Done done, milliseconds limit = milliseconds(60'000)) {
    const auto end = Clock::now() + limit;
    while (!done() && Clock::now() < end) io.run_one_for(milliseconds(10));
    return done();
  }
  bool run_until_settled() {
    return run_until([this] { return speaker->settled(); });
  }
  void run_for(milliseconds time) {
    run_until([] { return false; }, time);
  }
  void announce(const AnnouncedSet& wanted) { speaker->announce(wanted); }
  void start_announcing() {
    start();
    announce(ipv4());
    ASSERT_TRUE(run_until_settled());
  }
  [[nodiscard]] bool announcing() const {
    return bird.enabled.at("specific_host4") && bird.enabled.at("covering_host4");
  }
  // BIRD's exports as the speaker has seen them.
  [[nodiscard]] const SessionObserved& session() const { return speaker->observed().sessions[0]; }

  TemporaryDirectory directory;
  boost::asio::io_context io;
  Speaker::Settings settings{.control_socket = directory.path + "/bird.ctl",
                             .sessions = kNeighbours,
                             .prefixes = {{"host4", "199.7.83.0/24", false},
                                          {"host4", "199.7.82.0/23", true},
                                          {"host6", "2001:500:9f::/48", false},
                                          {"host6", "2001:500:9e::/47", true}},
                             .reply_limit = milliseconds(300),
                             .withdraw_limit = milliseconds(400),
                             .kill_limit = milliseconds(800),
                             .mute_limit = milliseconds(1000),
                             .look_interval = milliseconds(20),
                             .reconnect_delay = milliseconds(10)};
  FakeBird bird{io, settings.control_socket};
  std::unique_ptr<Speaker> speaker;

  int disabled = 0, confirmed = 0, changed = 0;
  bool enabled_at_hook = false;
  std::vector<std::string> late, notes, errors;
  struct Kill {
    bool known;  // which process it is
    std::string why;
  };
  std::vector<Kill> kills;
};

}  // namespace imrs::bgp::test
