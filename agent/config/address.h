// agent/config/address.h
// Addresses, prefixes and endpoints out of text, in canonical form.
#pragma once

#include <string>
#include <string_view>

#include "agent/config/config.h"

namespace imrs {

// Errors say what would be right; they do not repeat the key, the caller adds it.
[[nodiscard]] Result<IpAddress> parse_address(std::string_view text);
[[nodiscard]] Result<Prefix> parse_prefix(std::string_view text);          // role: Specific
[[nodiscard]] Result<Network> parse_network(std::string_view text);        // also one address: /32 or /128
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);      // "ADDR:PORT", "[ADDR]:PORT"
[[nodiscard]] Result<PrimaryConfig> parse_primary(std::string_view text);  // "ADDR" or "ADDR@PORT"
[[nodiscard]] bool contains(const Prefix& prefix, const IpAddress& address);
[[nodiscard]] bool is_loopback(const IpAddress& address);

}  // namespace imrs
