// agent/preflight/special_addresses.h
// Which addresses the Internet does not route to one machine: IANA's special-purpose registries (RFC 6890, as
// of 2025), multicast (RFC 5771, RFC 4291) and what is outside of global unicast IPv6. Pure.
#pragma once

#include <string>
#include <string_view>

#include "agent/config/config.h"

namespace imrs::preflight {

enum class AddressUse {
  Global,         // none of the others
  Private,        // RFC 1918, RFC 4193
  Shared,         // RFC 6598: behind a carrier's NAT
  Documentation,  // RFC 5737, RFC 3849, RFC 9637
  LinkLocal,      // RFC 3927, RFC 4291
  Other,          // loopback, benchmarking, multicast, services that everybody may offer, ...
};

struct AddressClass {
  AddressUse use = AddressUse::Global;
  std::string_view block, name;  // of the registry's entry: "10.0.0.0/8", "private use, RFC 1918"
};

[[nodiscard]] AddressClass classify(const IpAddress& address);

// "192.0.2.1 is global", "10.0.0.1 is of 10.0.0.0/8 (private use, RFC 1918)".
[[nodiscard]] std::string class_text(const IpAddress& address);

}  // namespace imrs::preflight
