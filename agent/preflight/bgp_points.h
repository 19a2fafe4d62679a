// agent/preflight/bgp_points.h
// The points about what is announced, and about the host's filters. Pure: facts in, a finding out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "agent/config/config.h"
#include "agent/preflight/report.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::preflight {

// The session with every neighbour is up. `snapshot`: an error says why the agent could not be asked.
[[nodiscard]] Finding judge_sessions(std::span<const NeighbourConfig> neighbours,
                                     const Result<Snapshot>& snapshot);

// Every neighbour has every prefix of its family, and every prefix has a neighbour of its family.
[[nodiscard]] Finding judge_exports(std::span<const NeighbourConfig> neighbours,
                                    std::span<const Prefix> prefixes, const Result<Snapshot>& snapshot);

// What was sent by --spoof-test.
struct SpoofTest {
  std::string target, honest, forged;  // addresses: to whom, and from whom it was or seemed to be
  std::string mark;                    // in each of the datagrams
  std::uint16_t port = 0;              // UDP, at the target
  std::string error;                   // why nothing was sent; empty: it was
};
// Packets from outside that this machine's firewall (agent/site/firewall.h) has dropped because of their
// source, since it was loaded.
struct ForgedSeen {
  std::uint64_t own = 0;     // an address of this machine
  std::uint64_t nobody = 0;  // one that nobody can have
};
struct SpoofFacts {
  std::optional<ForgedSeen> forged;      // nothing: the firewall is not loaded, or cannot be asked
  std::uint64_t reverse_path_drops = 0;  // packets that this kernel has dropped by rp_filter
  std::optional<SpoofTest> test;         // nothing: it was not asked for
};
// Whether the host drops what comes from this machine, or to it, with a forged source (BCP 38). What came in
// that can only be forged fails it. It never passes: that nothing comes proves nothing, and only who should
// have got what was sent can say that it did not come.
[[nodiscard]] Finding judge_source_filter(const SpoofFacts& facts);

}  // namespace imrs::preflight
