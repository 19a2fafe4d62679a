// The rare part of noting a name, and reading. replace() is called by a worker for each label that has no
// place; the rest by whoever reads counts.
#include "agent/counts/missing_names.h"

#include <map>

namespace imrs::counts {
namespace {

constexpr int kTries = 4;  // an entry that changes that often within a read is rare

}  // namespace

void MissingNames::replace(Set& set, std::uint32_t tag, const Words& words) noexcept {
  std::size_t rarest = 0;
  std::uint64_t fewest = set.counts[0].load(std::memory_order_relaxed);
  for (std::size_t i = 1; i < kWays; ++i) {
    const std::uint64_t here = set.counts[i].load(std::memory_order_relaxed);
    if (here >= fewest) continue;
    fewest = here;
    rarest = i;
  }
  auto& version = set.versions[rarest];
  const std::uint32_t before = version.load(std::memory_order_relaxed);
  version.store(before + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  set.tags[rarest].store(tag, std::memory_order_relaxed);
  for (std::size_t i = 0; i < words.size(); ++i) {
    set.labels[rarest][i].store(words[i], std::memory_order_relaxed);
  }
  set.errors[rarest].store(fewest, std::memory_order_relaxed);
  set.counts[rarest].store(fewest + 1, std::memory_order_relaxed);
  version.store(before + 2, std::memory_order_release);
}

void MissingNames::clear() noexcept {
  for (Set& set : sets_) {
    for (auto& count : set.counts) count.store(0, std::memory_order_relaxed);
    for (auto& error : set.errors) error.store(0, std::memory_order_relaxed);
    for (auto& tag : set.tags) tag.store(0, std::memory_order_relaxed);
    for (Label& label : set.labels) {
      for (Counter& word : label) word.store(0, std::memory_order_relaxed);
    }
  }
}

void MissingNames::read(std::vector<MissingName>& names) const {
  for (const Set& set : sets_) {
    for (std::size_t way = 0; way < kWays; ++way) {
      for (int tries = 0; tries < kTries; ++tries) {
        const std::uint32_t before = set.versions[way].load(std::memory_order_acquire);
        Words words{};
        for (std::size_t i = 0; i < words.size(); ++i) {
          words[i] = set.labels[way][i].load(std::memory_order_relaxed);
        }
        const std::uint64_t seen = set.counts[way].load(std::memory_order_relaxed);
        const std::uint64_t error = set.errors[way].load(std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_acquire);
        if (before % 2 == 1 || set.versions[way].load(std::memory_order_relaxed) != before) continue;
        const auto* octets = reinterpret_cast<const char*>(words.data());
        const std::size_t size = std::min<std::size_t>(static_cast<std::uint8_t>(octets[0]), 63);
        if (seen > 0) names.push_back({std::string(octets + 1, size), seen, error});
        break;
      }
    }
  }
}

std::vector<MissingName> top_of(std::vector<MissingName> names, std::size_t most) {
  std::map<std::string, MissingName> by_label;
  for (MissingName& name : names) {
    MissingName& sum = by_label[name.label];
    sum.label = name.label;
    sum.count += name.count;
    sum.error += name.error;
  }
  std::vector<MissingName> out;
  for (auto& [label, name] : by_label) out.push_back(std::move(name));
  std::ranges::stable_sort(out, std::greater{}, &MissingName::count);
  if (out.size() > most) out.resize(most);
  return out;
}

}  // namespace imrs::counts
