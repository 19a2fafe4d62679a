// dns/wire/question_hash.h
// A question's hash, taken before anything has read the message: name in lower case, type and class, as
// far as they are there. The same question by whomever it is asked has the same hash; no address is in it.
// Never 0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "dns/wire/name.h"
#include "dns/wire/protocol.h"

namespace imrs::wire {

[[nodiscard]] inline std::uint64_t question_hash(std::span<const std::uint8_t> message) noexcept {
  std::size_t end = kHeaderSize;
  while (end < message.size() && message[end] != 0 && message[end] <= kMaxLabelSize) {
    end += message[end] + std::size_t{1};
  }
  constexpr std::size_t kTail = 5;  // root label, type, class
  end = std::min({end + kTail, message.size(), kHeaderSize + kMaxNameSize + 4});
  std::uint64_t hash = end, word = 0;
  const auto mix = [&hash](std::uint64_t eight) {
    hash = (hash ^ (eight | 0x2020202020202020)) * 0x9e3779b97f4a7c15;  // letters in lower case, and some
    hash ^= hash >> 32;                                                 // other octets with them: no harm
  };
  std::size_t at = kHeaderSize;
  for (; at + sizeof word <= end; at += sizeof word) {
    std::memcpy(&word, message.data() + at, sizeof word);
    mix(word);
  }
  if (at < end) {  // eight octets all the same, since the header lies before them; those seen already go
    std::memcpy(&word, message.data() + end - sizeof word, sizeof word);
    mix(word >> 8 * (at + sizeof word - end));
  }
  return hash != 0 ? hash : 1;
}

}  // namespace imrs::wire
