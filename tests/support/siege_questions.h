// tests/support/siege_questions.h
// The questions of a siege: what a root server is asked, from its zone's own delegations. The same seed and
// names give the same questions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace imrs::siege {

using Octets = std::vector<std::uint8_t>;

class Questions {
 public:
  static constexpr std::size_t kCount = 8192;

  // `names`: delegated names of one label, without escapes. 45 % of the questions are for names at or below
  // them, 35 % for names that do not exist, 10 % DS, 10 % apex; half with DO.
  explicit Questions(const std::vector<std::string>& names);

  // A whole query with ID 0; `i` below kCount.
  [[nodiscard]] const Octets& query(std::size_t i) const noexcept { return queries_[i]; }

  // True if the message is an answer to query `i`: QR, that one question, octet by octet, NOERROR or
  // NXDOMAIN. The ID is the caller's business.
  [[nodiscard]] bool answers(std::size_t i, std::span<const std::uint8_t> message) const noexcept;

 private:
  std::vector<Octets> queries_;
};

// Of a name in presentation form without escapes: one query with ID 0, RD 0, OPT of 1232 octets if `edns`.
[[nodiscard]] Octets make_query(const std::string& name, std::uint16_t type, bool edns, bool dnssec_ok);

[[nodiscard]] inline bool is_truncated(std::span<const std::uint8_t> message) noexcept {
  return (message[2] & 0x02) != 0;
}

}  // namespace imrs::siege
