// bgp/announcement.h
// What should be announced, and what that means for BIRD's protocols. Pure.
//
// Per family BIRD has three static protocols that hold our prefixes and start disabled: specific_*,
// covering_* and drain_* (the specific prefixes once more, preferred and tagged GRACEFUL_SHUTDOWN, RFC
// 8326). Announcing is enabling, withdrawing is disabling; nothing else is ever sent to BIRD.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"
#include "bgp/protocols.h"

namespace imrs::bgp {

// One family's part. `draining` adds the tagged copy of the specific prefixes.
struct FamilyAnnouncement {
  bool specific = false, covering = false, draining = false;
  bool operator==(const FamilyAnnouncement&) const = default;
};

class AnnouncedSet {
 public:
  [[nodiscard]] FamilyAnnouncement& at(Family family) { return families_[static_cast<std::size_t>(family)]; }
  [[nodiscard]] const FamilyAnnouncement& at(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  bool operator==(const AnnouncedSet&) const = default;

 private:
  std::array<FamilyAnnouncement, 2> families_{};
};

struct ProtocolWish {
  std::string name;  // BIRD's, "specific_v4"
  bool enabled = false;
  bool operator==(const ProtocolWish&) const = default;
};

// "specific_v4", "drain_v6": the names in bird_config().
[[nodiscard]] std::string protocol_name(std::string_view role, Family family);

// All six, the ones to disable first: a withdrawal never waits for an announcement.
[[nodiscard]] std::vector<ProtocolWish> protocols_for(const AnnouncedSet& wanted);

// True if something that `before` announces is not announced by `after`.
[[nodiscard]] bool withdraws(const AnnouncedSet& before, const AnnouncedSet& after);

struct Step {
  std::string protocol;
  bool enable = false;
  std::string command;  // `disable "specific_v4"`
  bool operator==(const Step&) const = default;
};

// What lies between BIRD and what is wanted.
struct Plan {
  std::vector<Step> steps;           // disables first; empty: every protocol is as wanted
  std::vector<std::string> missing;  // BIRD does not know them: its configuration is not ours

  [[nodiscard]] bool done() const noexcept { return steps.empty() && missing.empty(); }
  [[nodiscard]] bool withdraws() const noexcept { return !steps.empty() && !steps.front().enable; }
};

// Only "up" counts as enabled and only "down" as disabled: what is on its way is asked for once more,
// which BIRD takes without harm.
[[nodiscard]] Plan make_plan(const AnnouncedSet& wanted, std::span<const ProtocolRow> seen);

// True if a route comes from a protocol that is not wanted to announce, ours or anybody's.
[[nodiscard]] bool exports_unwanted(const AnnouncedSet& wanted, std::span<const ExportedRoute> routes);

}  // namespace imrs::bgp
