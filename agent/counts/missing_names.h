// agent/counts/missing_names.h
// Which names are asked for that do not exist, by their last label, in bounded memory: SpaceSaving (Metwally
// et al. 2005), in sets of eight. A label belongs to one set; if it has no place there it takes that of the
// rarest and inherits its count as `error`. So a count is never too low, at most `error` too high, and a
// label that makes up more than an eighth of its set's questions is certainly there.
//
// Written by one worker, read by anybody: each entry has a version that is odd while it changes.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "agent/counts/worker_page.h"
#include "agent/counts/sketch.h"

namespace imrs::counts {

struct MissingName {
  std::string label;  // as on the wire, in lower case, without its length
  std::uint64_t count = 0;
  std::uint64_t error = 0;  // of `count`, so much may be another label's
};

class MissingNames {
 public:
  static constexpr std::size_t kSets = 128, kWays = 8;

  // `label`: length and octets as on the wire, in any case; at most 64 octets.
  void note(std::span<const std::uint8_t> label) noexcept {
    Words words{};
    auto* octets = reinterpret_cast<std::uint8_t*>(words.data());
    const std::size_t size = std::min(label.size(), sizeof words);
    for (std::size_t i = 0; i < size; ++i) octets[i] = lower(label[i]);
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i * sizeof(std::uint64_t) < size; ++i) hash = mix(hash + words[i]);
    Set& set = sets_[hash % kSets];
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = 0; i < kWays; ++i) {
      if (set.tags[i].load(std::memory_order_relaxed) == tag && holds(set.labels[i], words)) {
        return imrs::count(set.counts[i]);
      }
    }
    replace(set, tag, words);
  }

  void clear() noexcept;

  // Adds what is there to `names`, in no order; the same label may come several times.
  void read(std::vector<MissingName>& names) const;

 private:
  using Words = std::array<std::uint64_t, 8>;  // length, octets, zeros
  using Label = std::array<Counter, 8>;
  struct Set {
    std::array<std::atomic<std::uint32_t>, kWays> tags;
    std::array<std::atomic<std::uint32_t>, kWays> versions;
    std::array<Counter, kWays> counts;  // 0: free
    std::array<Counter, kWays> errors;
    std::array<Label, kWays> labels;
  };

  static std::uint8_t lower(std::uint8_t octet) noexcept {
    return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + 0x20) : octet;
  }
  static bool holds(const Label& label, const Words& words) noexcept {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (label[i].load(std::memory_order_relaxed) != words[i]) return false;
    }
    return true;
  }
  void replace(Set& set, std::uint32_t tag, const Words& words) noexcept;

  std::array<Set, kSets> sets_;
};

// One entry for each label, the most frequent first, `most` at most.
[[nodiscard]] std::vector<MissingName> top_of(std::vector<MissingName> names, std::size_t most);

}  // namespace imrs::counts
