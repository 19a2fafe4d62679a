// agent/device.h
// anycast0: the TUN device that carries the service addresses and that BIRD's static routes point to.
// It is not persistent and its descriptor is close-on-exec: when this process ends, however it ends,
// the kernel removes the device and BIRD withdraws. Never hand the descriptor to another process.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "agent/config/config.h"
#include "agent/netlink.h"

namespace imrs::agent {

class AnycastDevice {
 public:
  // Opens /dev/net/tun, which only root may. Makes no device yet.
  [[nodiscard]] static Result<AnycastDevice> open();

  // Makes the device without carrier, adds the addresses (/32 and /128, IPv6 with preferred lifetime
  // 0, so that they are used for answering only) and sets it up. Call only after BIRD has acknowledged
  // that all our protocols are disabled, once; after forget() once more. Needs CAP_NET_ADMIN.
  [[nodiscard]] Result<void> create(const std::string& name, const std::vector<IpAddress>& addresses);
  [[nodiscard]] bool created() const noexcept { return index_ > 0; }

  // Somebody has deleted it. Waits for nobody. A device that has gone is of use again after forget() and
  // create(): the descriptor stays.
  [[nodiscard]] bool gone() const noexcept;
  void forget() noexcept;

  // One that an agent before this one has made, by its descriptor. Errc::System: it is not there.
  [[nodiscard]] static Result<AnycastDevice> adopt(UniqueFd tun, const std::string& name,
                                                   const std::vector<IpAddress>& addresses, bool carrier,
                                                   bool link_up);
  [[nodiscard]] int fd() const noexcept { return tun_.get(); }

  // The second lock besides BIRD's `enable`: with `check link` nothing is announced without carrier.
  // Opened at the first announcement; never used to withdraw (the kernel delays carrier events).
  [[nodiscard]] Result<void> set_carrier(bool on);
  [[nodiscard]] bool carrier() const noexcept { return carrier_; }

  // Down is the last resort when BIRD does not confirm a withdrawal. Up brings the addresses back, which
  // the kernel takes from a link that goes down (IPv6).
  [[nodiscard]] Result<void> set_link(bool up);
  [[nodiscard]] bool link_up() const noexcept { return link_up_; }

  // For what follows: a look at the device's name that began at `begun`. One from before the device was last
  // made or set up or down says nothing.
  using TimePoint = std::chrono::steady_clock::time_point;

  // It is not gone and yet not there: it has another name now, or is in another namespace.
  [[nodiscard]] bool displaced(const DeviceSeen& seen, TimePoint begun) const;

  // Mends what somebody else has changed of link and addresses. True if something was mended. Does nothing
  // while the link is meant to be down.
  [[nodiscard]] Result<bool> mend(const DeviceSeen& seen, TimePoint begun);

 private:
  explicit AnycastDevice(UniqueFd tun) : tun_(std::move(tun)) {}

  UniqueFd tun_;
  std::vector<IpAddress> addresses_;
  int index_ = 0;
  bool carrier_ = false;
  bool link_up_ = false;  // meant to be
  TimePoint changed_{};   // by create() or set_link(), last
};

}  // namespace imrs::agent
