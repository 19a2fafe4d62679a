// agent/base/family.h
// The two address families, which are decided, announced and counted apart, and the transports.
#pragma once

#include <array>
#include <string_view>

namespace imrs {

enum class Family { V4, V6 };
inline constexpr std::array kFamilies{Family::V4, Family::V6};

[[nodiscard]] constexpr std::string_view to_string(Family family) {
  return family == Family::V4 ? "ipv4" : "ipv6";
}

enum class Transport { Udp, Tcp };
inline constexpr std::array kTransports{Transport::Udp, Transport::Tcp};

[[nodiscard]] constexpr std::string_view to_string(Transport transport) {
  return transport == Transport::Udp ? "udp" : "tcp";
}

// What a prefix is for. Specific ones draw the traffic; covering ones are the safety net that stays
// announced while an instance is drained.
enum class PrefixRole { Specific, Covering };

[[nodiscard]] constexpr std::string_view to_string(PrefixRole role) {
  return role == PrefixRole::Specific ? "specific" : "covering";
}

}  // namespace imrs
