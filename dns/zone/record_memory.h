// dns/zone/record_memory.h
// What records take in memory, so that whoever sends them cannot make this process hold more than it may.
// Octets on the wire say little of it: a record of 17 there can name an owner and a target of 250 each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/base/result.h"
#include "dns/zone/zone.h"

namespace imrs::zone {

// Octets. A root zone of 25,000 records counts as 11 million.
inline constexpr std::size_t kMaxRecordMemory = std::size_t{128} << 20;

// What one record can take besides the octets of its name and its rdata: it is the only one of its name.
inline constexpr std::size_t kRecordOverhead = [] {
  constexpr std::size_t kBlock = 24;                    // malloc's own 8, and rounding up to 16
  constexpr std::size_t kTreeNode = 4 * sizeof(void*);  // colour and three pointers
  constexpr std::size_t kName = kBlock + kTreeNode + sizeof(decltype(Zone::nodes)::value_type) + kBlock;
  constexpr std::size_t kSet = kBlock + kTreeNode + sizeof(Node::value_type);
  constexpr std::size_t kValue = kBlock + sizeof(Rdata) + kBlock;
  return kName + kSet + kValue;
}();

// Adds up records, each with its whole overhead: more than a zone really takes, never less. So it also bounds
// the work that they cause.
class RecordMemory {
 public:
  explicit RecordMemory(std::size_t most = kMaxRecordMemory) : most_(most) {}

  // Errc::InvalidInput, with the figure and the bound: it is too much with this record.
  [[nodiscard]] Result<void> add(const wire::Name& owner, std::size_t rdata_size) {
    used_ += kRecordOverhead + owner.size() + rdata_size;
    ++records_;
    if (used_ <= most_) return {};
    return Error{Errc::InvalidInput,
                 std::to_string(used_) + " octets of memory for " + std::to_string(records_) +
                     " records, and at most " + std::to_string(most_) +
                     " are given to them; look at where they come from (a zone that has grown so large needs "
                     "a build with a larger kMaxRecordMemory)"};
  }
  // One that was added.
  void remove(const wire::Name& owner, std::size_t rdata_size) noexcept {
    used_ -= kRecordOverhead + owner.size() + rdata_size;
    --records_;
  }
  [[nodiscard]] std::size_t used() const noexcept { return used_; }  // octets

 private:
  std::size_t most_;
  std::size_t used_ = 0, records_ = 0;
};

}  // namespace imrs::zone
