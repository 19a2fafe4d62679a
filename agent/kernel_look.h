// agent/kernel_look.h
// What the kernel says of the ways out, the links and anycast0, asked by a thread of its own. Most of these
// questions wait for the lock of all network configuration (RTNL), which an ethtool query or a driver's reset
// may hold for a second. The loop must not stand there: its watchdog would end the agent.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "agent/netlink.h"
#include "agent/snapshot/snapshot.h"
#include "agent/way_out.h"

namespace imrs::agent {

struct KernelSeen {
  std::array<Result<WayOutSeen>, 2> ways;  // by family
  std::vector<LinkState> links;            // those that can be seen
  Result<DeviceSeen> device;
  std::chrono::steady_clock::time_point begun{};  // nothing in it is older; set by the thread
};

// For one thread, apart from the look itself.
class KernelLook {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Look = std::function<KernelSeen()>;  // may stand in the kernel for as long as it takes

  // Between the starts of two looks; one that takes longer is followed by the next at once.
  static constexpr std::chrono::milliseconds kPeriod{200};
  // How old a look may be, from its beginning: longer than that lock is commonly held, and no longer than
  // what it saw can be taken for what is. Without one nothing is known, which is neither good nor bad.
  static constexpr std::chrono::milliseconds kBelieved{2000};
  // How long stop() waits for a look in progress.
  static constexpr std::chrono::milliseconds kEndLimit{100};

  explicit KernelLook(Look look);
  ~KernelLook() { (void)stop(); }
  KernelLook(const KernelLook&) = delete;
  KernelLook& operator=(const KernelLook&) = delete;

  // The thread takes no signal. Errc::System: it cannot be had.
  [[nodiscard]] Result<void> start();
  // False: the thread still stands in the kernel. It ends when it comes out, and touches nothing of this
  // object but what it shares; start() keeps it.
  bool stop();

  // nullptr: there is none yet, or it has begun longer than kBelieved before `now`.
  [[nodiscard]] std::shared_ptr<const KernelSeen> latest(TimePoint now) const;

  // However old it is; nullptr: there is none yet.
  [[nodiscard]] std::shared_ptr<const KernelSeen> last() const;

  // An eventfd(2), non-blocking: readable when there has been a look since it was last read.
  [[nodiscard]] UniqueFd news() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

// The real one. `links`: interfaces to look at besides those by which the ways out lead, or last did.
[[nodiscard]] KernelLook::Look look_around(std::string device, std::set<std::string> links);

}  // namespace imrs::agent
