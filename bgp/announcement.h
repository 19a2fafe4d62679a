// bgp/announcement.h
// What should be announced to whom, and what that means for BIRD's protocols. Pure.
//
// Each neighbour has a routing table of its own in BIRD, fed by three static protocols that start disabled:
// specific_NAME, covering_NAME and drain_NAME (the specific prefixes once more, preferred and tagged
// GRACEFUL_SHUTDOWN, RFC 8326). Announcing is enabling, withdrawing is disabling; nothing else is ever sent
// to BIRD, and a neighbour's session stays up whatever is withdrawn from it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/protocols.h"

namespace imrs::bgp {

// To one neighbour. `draining` adds the tagged copy of the specific prefixes.
struct Announcement {
  bool specific = false, covering = false, draining = false;
  bool operator==(const Announcement&) const = default;
};

// By neighbour: the name of its session in BIRD.
class AnnouncedSet {
 public:
  // Nothing is announced to any of them.
  explicit AnnouncedSet(std::span<const std::string> neighbours) {
    for (const std::string& name : neighbours) by_neighbour_[name];
  }

  // `neighbour`: one of those it was made with.
  [[nodiscard]] Announcement& at(const std::string& neighbour) { return by_neighbour_.at(neighbour); }
  [[nodiscard]] const Announcement& at(const std::string& neighbour) const {
    return by_neighbour_.at(neighbour);
  }
  [[nodiscard]] auto begin() const { return by_neighbour_.begin(); }
  [[nodiscard]] auto end() const { return by_neighbour_.end(); }
  bool operator==(const AnnouncedSet&) const = default;

 private:
  std::map<std::string, Announcement> by_neighbour_;
};

struct ProtocolWish {
  std::string name;  // BIRD's, "specific_host4"
  bool enabled = false;
  bool operator==(const ProtocolWish&) const = default;
};

// "specific_host4", "drain_host6": the names in bird_config().
[[nodiscard]] std::string protocol_name(std::string_view role, std::string_view neighbour);

// Three for each neighbour, the ones to disable first: a withdrawal never waits for an announcement.
[[nodiscard]] std::vector<ProtocolWish> protocols_for(const AnnouncedSet& wanted);

// True if something that `before` announces is not announced by `after`. Both are of the same neighbours.
[[nodiscard]] bool withdraws(const AnnouncedSet& before, const AnnouncedSet& after);

struct Step {
  std::string protocol;
  bool enable = false;
  std::string command;  // `disable "specific_host4"`
  bool operator==(const Step&) const = default;
};

// What lies between BIRD and what is wanted.
struct Plan {
  std::vector<Step> steps;           // disables first; empty: every protocol that is there is as wanted
  std::vector<std::string> missing;  // BIRD does not know them: its configuration is not ours
  bool lacks_wanted = false;         // one of the missing is to announce

  [[nodiscard]] bool done() const noexcept { return steps.empty() && missing.empty(); }
  [[nodiscard]] bool withdraws() const noexcept { return !steps.empty() && !steps.front().enable; }
};

// Only "up" counts as enabled and only "down" as disabled: what is on its way is asked for once more,
// which BIRD takes without harm. A static protocol named as ours are, of a neighbour that is not in `wanted`,
// has to be down: nobody else would ever disable it.
[[nodiscard]] Plan make_plan(const AnnouncedSet& wanted, std::span<const ProtocolRow> seen);

// What `neighbour` is told of by mistake: routes from a protocol that is not wanted to announce to it, ours
// or anybody's.
[[nodiscard]] bool exports_unwanted(const AnnouncedSet& wanted, const std::string& neighbour,
                                    std::span<const ExportedRoute> routes);

// A prefix that can be announced to a neighbour.
struct RoutedPrefix {
  std::string neighbour;
  std::string prefix;
  bool covering = false;  // or specific
};

// Prefixes that `neighbour` should have and is not told of.
[[nodiscard]] std::vector<std::string> not_exported(const AnnouncedSet& wanted, const std::string& neighbour,
                                                    std::span<const RoutedPrefix> prefixes,
                                                    std::span<const ExportedRoute> routes);

}  // namespace imrs::bgp
