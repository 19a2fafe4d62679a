// agent/way_out.h
// Whether answers can leave: a route to the world, by a link that is up and a next hop that is there.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "agent/base/family.h"
#include "agent/base/result.h"

namespace imrs::agent {

struct WayOutSeen {
  std::optional<bool> usable;  // none: its next hop has just been asked for, which says nothing yet
  std::string detail;          // by which way, or what is missing
  std::string device;          // the interface that leads there; empty: none does
  bool operator==(const WayOutSeen&) const = default;
};

// What the kernel's neighbour table says of a next hop at one look (NUD_*, RFC 4861 section 7.3.2).
enum class Neighbour {
  Unknown,  // not in the table although it was asked for: of a kind that nobody is asked for (no ARP)
  Asking,   // INCOMPLETE: no answer so far
  Failed,   // FAILED: asked as often as the kernel does, and silent
  There,    // any state with an address: has answered since it was last silent
};

// Whether the next hops of one family answer, from one look to the next. A single look cannot tell: for as
// long as packets come, the kernel goes from FAILED back to INCOMPLETE with the next of them, and without any
// it does so because we ask. So who has been silent stays silent until there is an answer. Pure.
class NextHops {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Two of the kernel's questions, a second apart, and the time for an answer to the second.
  static constexpr std::chrono::milliseconds kPatience{1250};
  // One that no route has led by for so long is judged afresh. Until then it is not forgotten: of several
  // silent routers the kernel takes another one at each look (IPv6).
  static constexpr std::chrono::seconds kRemembered{5};

  // `next_hop`: its address and interface. None: being asked for, and that for no longer than kPatience.
  [[nodiscard]] std::optional<bool> look(const std::string& next_hop, Neighbour seen, TimePoint now);

  // There is no route, or its link is down: nobody is being asked any more.
  void forget() { known_.clear(); }

 private:
  struct Known {
    TimePoint looked;
    std::optional<TimePoint> asked;  // since when without an answer
    bool silent = false;             // for too long, and no answer since
  };
  std::map<std::string, Known> known_;
};

// Looks the way to the rest of the Internet up in this machine's routing table, as the kernel would for an
// answer, and remembers the next hops. For one thread, which may have to wait for the kernel (kernel_look.h).
class WaysOut {
 public:
  // Sends nothing but, for a next hop that is not known or has failed, the kernel's question whether it is
  // there: one a second. An error: it could not be looked up, which says nothing about the way. Needs
  // NET_ADMIN for that question.
  [[nodiscard]] Result<WayOutSeen> look(Family family);

 private:
  std::array<NextHops, 2> next_hops_;  // by family
};

}  // namespace imrs::agent
