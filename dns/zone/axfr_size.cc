// Adds up what a transfer would take, without writing it. Called by imrs-zone for each new version.
#include "dns/zone/axfr_size.h"

#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "dns/wire/protocol.h"

namespace imrs::zone {
namespace {

constexpr std::size_t kMaxMessage = 65535, kLastTarget = 0x3FFF, kPointer = 2;
constexpr std::size_t kFixed = 10;         // type, class, TTL, length
constexpr std::size_t kAfterQuestion = 4;  // type and class

std::size_t name_end(std::string_view octets, std::size_t at) {
  while (octets[at] != 0) at += static_cast<std::uint8_t>(octets[at]) + 1U;
  return at + 1;
}

std::string lower(std::string_view octets) {
  std::string out(octets);
  for (char& c : out) c = static_cast<char>(wire::to_lower(static_cast<std::uint8_t>(c)));
  return out;
}

// Of the types of RFC 1035, whose names may be compressed: octets before the names, and how many there are.
std::pair<std::size_t, int> names_in(std::uint16_t type) {
  using namespace wire::rrtype;
  switch (type) {
    case NS:
    case CNAME:
    case PTR: return {0, 1};
    case SOA: return {0, 2};
    case MX: return {2, 1};
    default: return {0, 0};
  }
}

class Counter {
 public:
  explicit Counter(std::string_view origin) : size_(wire::kHeaderSize) {
    add_name(origin);
    size_ += kAfterQuestion;
  }

  void add(std::string_view owner, std::uint16_t type, std::string_view rdata) {
    if (size_ + cost(owner, type, rdata) > kMaxMessage) begin();
    add_name(owner);
    size_ += kFixed;
    add_rdata(type, rdata);
  }
  [[nodiscard]] std::uint64_t total() const { return full_ + size_; }

 private:
  // The following messages have no question (RFC 5936 section 2.2.1).
  void begin() {
    full_ += size_;
    size_ = wire::kHeaderSize;
    known_.clear();
  }

  // What it takes where the record does not fit into a message for sure: by trying.
  [[nodiscard]] std::size_t cost(std::string_view owner, std::uint16_t type, std::string_view rdata) const {
    const std::size_t most = owner.size() + kFixed + rdata.size();
    if (size_ + most <= kMaxMessage) return most;
    Counter trial = *this;
    trial.add_name(owner);
    trial.size_ += kFixed;
    trial.add_rdata(type, rdata);
    return trial.size_ - size_;
  }

  void add_name(std::string_view name) {
    for (std::size_t at = 0; name[at] != 0; at += static_cast<std::uint8_t>(name[at]) + 1U) {
      std::string suffix = lower(name.substr(at));
      if (known_.contains(suffix)) {
        size_ += at + kPointer;
        return;
      }
      if (size_ + at <= kLastTarget) known_.insert(std::move(suffix));
    }
    size_ += name.size();
  }

  void add_rdata(std::uint16_t type, std::string_view rdata) {
    const auto [before, names] = names_in(type);
    size_ += before;
    std::size_t at = before;
    for (int i = 0; i < names; ++i) {
      const std::size_t end = name_end(rdata, at);
      add_name(rdata.substr(at, end - at));
      at = end;
    }
    size_ += rdata.size() - at;
  }

  std::uint64_t full_ = 0;                 // octets of the messages that are
  std::size_t size_;                       // of the one being filled
  std::unordered_set<std::string> known_;  // suffixes that a pointer can lead to
};

std::string_view view(std::span<const std::uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

std::uint64_t axfr_size(const Zone& zone) {
  const std::string_view origin = view(zone.origin.wire());
  Counter counter(origin);
  const auto apex = zone.nodes.find(zone.origin);
  if (apex == zone.nodes.end()) return 0;
  const auto soa = apex->second.find(wire::rrtype::SOA);
  if (soa == apex->second.end() || soa->second.rdata.empty()) return 0;
  for (const auto& [owner, node] : zone.nodes) {
    for (const auto& [type, set] : node) {
      for (const Rdata& rdata : set.rdata) counter.add(view(owner.wire()), type, view(rdata));
      for (const Rdata& rdata : set.signatures) {
        counter.add(view(owner.wire()), wire::rrtype::RRSIG, view(rdata));
      }
    }
  }
  counter.add(origin, wire::rrtype::SOA, view(soa->second.rdata.front()));
  return counter.total();
}

}  // namespace imrs::zone
