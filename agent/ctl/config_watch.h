// agent/ctl/config_watch.h
// Whether the appliance does again what it did before its configuration was replaced. Pure: what is seen and
// the time are arguments.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {

// A neighbour whose decision was up (or up with a silence, "falling").
struct Standing {
  std::string neighbour;
  Family family = Family::V4;
  bool announcing = false;  // and everything that it was to be told had got there
  bool operator==(const Standing&) const = default;
};

[[nodiscard]] std::vector<Standing> standing_of(const Snapshot& snapshot);

// Why it is not as it was; empty: it is. A neighbour that `after` has no more is not waited for, but then
// another of its family must be up, if there is one; and every zone must be served. Without any neighbour
// that was up all is well as soon as the agent answers.
[[nodiscard]] std::vector<std::string> not_back(const std::vector<Standing>& before, const Snapshot& now,
                                                const Config& after);

class Watch {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Verdict { Wait, Back, Late };

  // `steady`: so long everything has to be as it was, without a break. A session with a wrong password ends a
  // moment after BIRD was configured anew, not before.
  struct Limits {
    std::chrono::milliseconds within{120'000}, steady{5'000};
  };
  Watch(std::vector<Standing> before, Config after, Clock::time_point begun, Limits limits)
      : before_(std::move(before)),
        after_(std::move(after)),
        limit_(begun + limits.within),
        steady_(limits.steady) {}

  // `snapshot`: nullopt if the agent does not answer, because of `why`. Late only when the limit has passed
  // and things are not as they were: what is good then may still become steady.
  [[nodiscard]] Verdict see(const std::optional<Snapshot>& snapshot, std::string_view why,
                            Clock::time_point now);
  // What was missing last, in words; empty: nothing.
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  std::vector<Standing> before_;
  Config after_;
  Clock::time_point limit_;
  std::chrono::milliseconds steady_;
  std::optional<Clock::time_point> good_since_;
  std::string missing_ = "nothing was seen yet";
};

// A session whose packets a new firewall drops looks well until its hold time is over: so long it is watched.
[[nodiscard]] Watch::Limits limits_for(const Config& after, bool firewall, Watch::Limits limits);

}  // namespace imrs::ctl
