// agent/way_out.h
// Whether answers can leave: a route to the world, by a link that is up and a next hop that is there.
#pragma once

#include <string>

#include "agent/base/family.h"
#include "agent/base/result.h"

namespace imrs::agent {

struct WayOutSeen {
  bool usable = false;
  std::string detail;  // by which way, or what is missing
  std::string device;  // the interface that leads there; empty: none does
  bool operator==(const WayOutSeen&) const = default;
};

// Looks the way to the rest of the Internet up in this machine's routing table, as the kernel would for an
// answer; sends nothing but, for a next hop that did not answer, the kernel's question whether it is there
// again. An error: it could not be looked up, which says nothing about the way. Needs NET_ADMIN for that
// question.
[[nodiscard]] Result<WayOutSeen> look_for_way_out(Family family);

}  // namespace imrs::agent
