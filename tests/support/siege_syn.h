// tests/support/siege_syn.h
// A bounded SYN flood over IPv4 from addresses that are nobody's: 203.0.113.128 to .254 (RFC 5737), which
// must not be local where this runs, or its kernel would reset what the server answers. Needs CAP_NET_RAW.
#pragma once

#include <atomic>
#include <cstdint>

#include "tests/support/siege_base.h"

namespace imrs::siege {

// Sends `rate` SYNs a second to the target until `stop`, at most `limit` in all. Returns how many the kernel
// took.
std::uint64_t flood(const Endpoint& target, double rate, std::uint64_t limit, const std::atomic<bool>& stop);

}  // namespace imrs::siege
