// bgp/announcement.h
// What should be announced, and what that means for BIRD's protocols. Pure.
//
// Per family BIRD has three static protocols that hold our prefixes and start disabled: specific_*,
// covering_* and drain_* (the specific prefixes once more, preferred and tagged GRACEFUL_SHUTDOWN, RFC
// 8326). Announcing is enabling, withdrawing is disabling; nothing else is ever sent to BIRD.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "agent/base/family.h"

namespace imrs::bgp {

// One family's part. `draining` adds the tagged copy of the specific prefixes.
struct FamilyAnnouncement {
  bool specific = false, covering = false, draining = false;
  bool operator==(const FamilyAnnouncement&) const = default;
};

class AnnouncedSet {
 public:
  [[nodiscard]] FamilyAnnouncement& at(Family family) {
    return families_[static_cast<std::size_t>(family)];
  }
  [[nodiscard]] const FamilyAnnouncement& at(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  bool operator==(const AnnouncedSet&) const = default;

 private:
  std::array<FamilyAnnouncement, 2> families_{};
};

struct ProtocolWish {
  std::string name;      // BIRD's, "specific_v4"
  bool enabled = false;
};

// All six, the ones to disable first: a withdrawal never waits for an announcement.
[[nodiscard]] std::vector<ProtocolWish> protocols_for(const AnnouncedSet& wanted);

}  // namespace imrs::bgp
