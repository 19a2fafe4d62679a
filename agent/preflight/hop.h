// agent/preflight/hop.h
// Provokes an ICMP error on the way to somebody who is asked anyway, and waits for it.
#pragma once

#include "agent/preflight/ask.h"
#include "agent/preflight/dns_points.h"

namespace imrs::preflight {

// Sends the question by UDP with hop limits of 2 and 3, until a router says that one was too small; if none
// does, with 1, which only the first router can say something of. Blocks for three seconds at most. A server
// that is not reached by a router says nothing.
[[nodiscard]] HopSeen provoke_icmp(const Server& server, const Question& question);

}  // namespace imrs::preflight
