// Divides the descriptors, and memory. Called by both ways to run imrs-engine, before the workers start.
#include "dns/engine/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace imrs::engine {
namespace {

// Standard streams, the channel, the counters, images that come and go, and room to accept before closing.
constexpr std::size_t kOthers = 32;
constexpr std::size_t kPerWorker = 1;  // its epoll set
// Of the sandbox's 1 GiB, of which the stacks of 64 workers are half.
constexpr std::size_t kHeld = 384U << 20;

}  // namespace

Result<std::size_t> raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return system_error("RLIMIT_NOFILE");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return system_error("RLIMIT_NOFILE");
  return static_cast<std::size_t>(limit.rlim_cur);
}

Result<TcpLimits> tcp_limits(std::size_t descriptors, std::size_t sockets, std::size_t workers) {
  TcpLimits limits;
  const std::size_t share = kPerWorker + limits.probe_connections;
  const std::size_t own = kOthers + sockets + workers * share;
  const std::size_t left = descriptors > own ? (descriptors - own) / std::max<std::size_t>(workers, 1) : 0;
  if (left < kLeastConnections) {
    return Error{Errc::Refused, "too few open files are allowed (" + std::to_string(descriptors) + ", " +
                                    std::to_string(own + workers * kLeastConnections) +
                                    " are the least): raise the hard limit (LimitNOFILE=, ulimit -Hn)"};
  }
  limits.connections = std::min(limits.connections, left);
  limits.per_client = std::max(kLeastConnections, limits.connections / 4);
  limits.held = kHeld / std::max<std::size_t>(workers, 1);
  return limits;
}

}  // namespace imrs::engine
