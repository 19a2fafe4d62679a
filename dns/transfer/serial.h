// dns/transfer/serial.h
// Serial number arithmetic, RFC 1982, with SERIAL_BITS = 32: zone serials go round. Pure.
#pragma once

#include <cstdint>

namespace imrs::transfer {

enum class SerialOrder {
  Equal,
  Newer,  // `candidate` comes after `current`
  Older,
  Undefined,  // exactly 2^31 apart: the RFC leaves it open, nobody may take it for newer
};

[[nodiscard]] constexpr SerialOrder compare_serials(std::uint32_t candidate, std::uint32_t current) noexcept {
  constexpr std::uint32_t kHalf = 0x80000000U;
  const std::uint32_t ahead = candidate - current;
  if (ahead == 0) return SerialOrder::Equal;
  if (ahead == kHalf) return SerialOrder::Undefined;
  return ahead < kHalf ? SerialOrder::Newer : SerialOrder::Older;
}

// Nothing that may replace `than`: what is 2^31 apart neither.
[[nodiscard]] constexpr bool is_older(std::uint32_t serial, std::uint32_t than) noexcept {
  const SerialOrder order = compare_serials(serial, than);
  return order == SerialOrder::Older || order == SerialOrder::Undefined;
}

}  // namespace imrs::transfer
