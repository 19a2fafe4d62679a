// agent/device.h
// anycast0: the TUN device that carries the service addresses and that BIRD's static routes point to.
// It is not persistent and its descriptor is close-on-exec: when this process ends, however it ends,
// the kernel removes the device and BIRD withdraws. Never hand the descriptor to another process.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "agent/config/config.h"

namespace imrs::agent {

class AnycastDevice {
 public:
  // Opens /dev/net/tun, which only root may. Makes no device yet.
  [[nodiscard]] static Result<AnycastDevice> open();

  // Makes the device without carrier, adds the addresses (/32 and /128, IPv6 with preferred lifetime
  // 0, so that they are used for answering only) and sets it up. Call once, and only after BIRD has
  // acknowledged that all our protocols are disabled. Needs CAP_NET_ADMIN.
  [[nodiscard]] Result<void> create(const std::string& name, const std::vector<IpAddress>& addresses);
  [[nodiscard]] bool created() const noexcept { return index_ > 0; }

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

  // Looks whether the link is up and has its addresses, and mends what somebody else has changed. Call
  // once a second. True if something was mended. Does nothing while the link is meant to be down.
  [[nodiscard]] Result<bool> mend();

 private:
  explicit AnycastDevice(UniqueFd tun) : tun_(std::move(tun)) {}

  UniqueFd tun_;
  std::vector<IpAddress> addresses_;
  int index_ = 0;
  bool carrier_ = false;
  bool link_up_ = false;  // meant to be
};

}  // namespace imrs::agent
