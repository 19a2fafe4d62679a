// agent/base/hex.h
// Octets as lower-case hexadecimal text.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace imrs {

[[nodiscard]] inline std::string hex_text(std::span<const std::uint8_t> octets) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t octet : octets) {
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

}  // namespace imrs
