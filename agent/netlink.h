// agent/netlink.h
// The few rtnetlink(7) requests the agent makes, each acknowledged by the kernel before it returns.
#pragma once

#include <set>
#include <string>

#include "agent/base/result.h"
#include "agent/config/config.h"

namespace imrs::agent {

// Adds `address` as a host address (/32, /128) to the interface. IPv6: no duplicate address
// detection, preferred lifetime 0 (RFC 4862 "deprecated": never chosen as a source by itself).
[[nodiscard]] Result<void> add_service_address(int interface_index, const IpAddress& address);

[[nodiscard]] Result<void> set_link_up(int interface_index, bool up);

struct DeviceSeen {
  int index = 0;                    // 0: there is none of that name
  std::set<std::string> addresses;  // in canonical text; none if the link is down
};
[[nodiscard]] Result<DeviceSeen> look_at_device(const std::string& name);

}  // namespace imrs::agent
