// agent/base/query_kinds.h
// How queries are told apart when they are counted. The order is that of the counters in shared memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace imrs {

// What is wrong with a message that cannot be understood.
enum class Malformed : std::uint8_t {
  Nothing,
  Short,     // no whole header
  Response,  // QR is set
  Count,     // not one question
  Question,  // name, type or class cannot be read
  Records,   // what follows the question cannot be read
  Cookie,    // a COOKIE option of no possible length
};
inline constexpr std::size_t kMalformed = 7;

// Names of class CH (RFC 4892, RFC 7108).
enum class ChaosName : std::uint8_t { None, HostnameBind, IdServer, VersionBind, VersionServer, Other };
inline constexpr std::size_t kChaosNames = 6;

// What a query may have besides its question.
enum class QueryAttribute : std::uint8_t {
  RecursionDesired,
  CheckingDisabled,
  AuthenticData,
  DnssecOk,
  Edns,              // of any version
  EdnsOtherVersion,  // than 0
  Idn,               // a label that starts with "xn--"
  CookieClient,      // a client cookie only
  CookieValid,
  CookieInvalid,
};
inline constexpr std::size_t kQueryAttributes = 10;

// Types have a counter of their own up to CAA and its neighbours, and TA and DLV; the others share one.
inline constexpr std::size_t kCountedTypes = 263;
inline constexpr std::size_t kFirstTypes = 260, kTypeTa = 260, kTypeDlv = 261, kTypeOther = 262;
[[nodiscard]] constexpr std::size_t type_index(std::uint16_t type) noexcept {
  if (type < kFirstTypes) return type;
  return type == 32768 ? kTypeTa : type == 32769 ? kTypeDlv : kTypeOther;
}

// The types that are told apart for each delegation.
inline constexpr std::size_t kNameTypes = 8, kNameTypeOther = 7;
[[nodiscard]] constexpr std::size_t name_type_index(std::uint16_t type) noexcept {
  switch (type) {
    case 1: return 0;   // A
    case 28: return 1;  // AAAA
    case 2: return 2;   // NS
    case 43: return 3;  // DS
    case 65: return 4;  // HTTPS
    case 16: return 5;  // TXT
    case 15: return 6;  // MX
    default: return kNameTypeOther;
  }
}

}  // namespace imrs
