// The dead-man's device. Owned by the agent alone, for as long as it lives.
#include "agent/device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER 0x0040  // Linux 6.2; older kernels ignore it, hence TUNSETCARRIER below
#endif

namespace imrs::agent {

Result<AnycastDevice> AnycastDevice::open() {
  UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!tun) return system_error("/dev/net/tun (is the tun module loaded?)");
  return AnycastDevice(std::move(tun));
}

Result<void> AnycastDevice::create(const std::string& name, const std::vector<IpAddress>& addresses) {
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_NO_CARRIER);
  if (::ioctl(tun_.get(), TUNSETIFF, &request) != 0) {
    return system_error("making " + name + " (does another process hold it?)");
  }
  index_ = static_cast<int>(::if_nametoindex(name.c_str()));
  if (index_ == 0) return system_error("index of " + name);
  if (auto off = set_carrier(false); !off) return off;
  addresses_ = addresses;
  return set_link(true);
}

bool AnycastDevice::gone() const noexcept {
  pollfd one{tun_.get(), 0, 0};
  return created() && ::poll(&one, 1, 0) == 1 && (one.revents & POLLERR) != 0;
}

void AnycastDevice::forget() noexcept {
  index_ = 0;
  carrier_ = link_up_ = false;
}

Result<AnycastDevice> AnycastDevice::adopt(UniqueFd tun, const std::string& name,
                                           const std::vector<IpAddress>& addresses, bool carrier,
                                           bool link_up) {
  AnycastDevice device(std::move(tun));
  device.index_ = static_cast<int>(::if_nametoindex(name.c_str()));
  if (device.index_ == 0) return system_error("index of " + name);
  device.addresses_ = addresses;
  device.carrier_ = carrier;
  device.link_up_ = link_up;
  return device;
}

Result<void> AnycastDevice::set_carrier(bool on) {
  int value = on ? 1 : 0;
  if (::ioctl(tun_.get(), TUNSETCARRIER, &value) != 0) return system_error("TUNSETCARRIER");
  carrier_ = on;
  return {};
}

Result<void> AnycastDevice::set_link(bool up) {
  link_up_ = up;
  auto set = set_link_up(index_, up);
  for (const IpAddress& address : addresses_) {
    if (set && up) set = add_service_address(index_, address);
  }
  changed_ = TimePoint::clock::now();
  return set;
}

bool AnycastDevice::displaced(const DeviceSeen& seen, TimePoint begun) const {
  return created() && begun > changed_ && seen.index != index_;
}

Result<bool> AnycastDevice::mend(const DeviceSeen& seen, TimePoint begun) {
  if (!created() || !link_up_ || begun <= changed_) return false;
  const bool whole = std::ranges::all_of(
      addresses_, [&](const IpAddress& address) { return seen.addresses.contains(address.text); });
  if (whole) return false;
  if (auto up = set_link(true); !up) return up.error();
  return true;
}

}  // namespace imrs::agent
