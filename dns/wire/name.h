// dns/wire/name.h
// A domain name in uncompressed wire form (RFC 1035 section 3.1): at most 255 octets, labels of 1 to
// 63 octets, ended by the root label. Any octet is allowed in a label. The case is kept; comparison
// ignores the case of ASCII letters only (RFC 4343).
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::wire {

inline constexpr std::size_t kMaxNameSize = 255;  // octets, with the root label
inline constexpr std::size_t kMaxLabelSize = 63;

[[nodiscard]] constexpr std::uint8_t to_lower(std::uint8_t octet) noexcept {
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + 32) : octet;
}

class Name {
 public:
  Name() : wire_(1, '\0') {}  // the root

  // From uncompressed wire form that starts at `wire` (more may follow it). Refuses pointers,
  // names over 255 octets and names that run past the end.
  [[nodiscard]] static Result<Name> from_wire(std::span<const std::uint8_t> wire);
  // From presentation form (RFC 1035 section 5.1: \. and \DDD), always taken as absolute.
  [[nodiscard]] static Result<Name> parse(std::string_view text);

  [[nodiscard]] std::span<const std::uint8_t> wire() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(wire_.data()), wire_.size()};
  }
  [[nodiscard]] std::size_t size() const noexcept { return wire_.size(); }  // octets
  [[nodiscard]] std::size_t label_count() const noexcept;                   // without the root label; root: 0
  [[nodiscard]] bool is_root() const noexcept { return wire_.size() == 1; }
  [[nodiscard]] bool is_wildcard() const noexcept;  // leftmost label is "*"
  [[nodiscard]] Name parent() const;                // of the root: the root
  [[nodiscard]] Name lower() const;                 // canonical form (RFC 4034 section 6.2)
  [[nodiscard]] std::string text() const;           // with the final dot

  // True if `this` equals `ancestor` or lies below it.
  [[nodiscard]] bool is_within(const Name& ancestor) const noexcept;
  // The last `labels` labels (label_count() or more: the whole name).
  [[nodiscard]] Name suffix(std::size_t labels) const;
  // "label" + this. Refused if the result would be too long.
  [[nodiscard]] Result<Name> child(std::span<const std::uint8_t> label) const;

  // Canonical order of RFC 4034 section 6.1: by labels from the right, octets lower-cased.
  [[nodiscard]] std::strong_ordering operator<=>(const Name& other) const noexcept;
  [[nodiscard]] bool operator==(const Name& other) const noexcept;

 private:
  std::string wire_;
};

// The same order and equality on raw names, which must be valid uncompressed wire names.
[[nodiscard]] std::strong_ordering canonical_compare(std::span<const std::uint8_t> a,
                                                     std::span<const std::uint8_t> b) noexcept;

}  // namespace imrs::wire
