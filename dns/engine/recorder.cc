// Counting. Called by Answerer for every query that is not the agent's, and by the servers for every batch.
// It keeps nothing of a client: the address goes into a keyed hash, and of that only the place of its first
// one.
#include "dns/engine/recorder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::engine {
namespace {

#ifdef IMRS_WITHOUT_COUNTING
constexpr bool kCounting = false;
#else
constexpr bool kCounting = true;
#endif

constexpr std::uint64_t kDay = 86400;  // seconds
constexpr std::size_t kAfterName = 4;  // octets of type and class

Counter& of(TrafficCounters& counters, QueryAttribute attribute) noexcept {
  return counters.attributes[static_cast<std::size_t>(attribute)];
}

bool is_idn(const std::uint8_t* label) noexcept {
  static constexpr std::uint32_t kPrefix = 'x' | 'n' << 8 | '-' << 16 | std::uint32_t{'-'} << 24;
  std::uint32_t start = 0;
  std::memcpy(&start, label + 1, sizeof start);
  return *label >= sizeof start && (start | 0x00002020) == kPrefix;
}

void note_cookie(TrafficCounters& counters, answer::CookieState state) noexcept {
  switch (state) {
    case answer::CookieState::None: return;
    case answer::CookieState::ClientOnly: return count(of(counters, QueryAttribute::CookieClient));
    case answer::CookieState::Valid: return count(of(counters, QueryAttribute::CookieValid));
    case answer::CookieState::Invalid: return count(of(counters, QueryAttribute::CookieInvalid));
  }
}

}  // namespace

void Recorder::begin(const NamePlaces* places, std::uint32_t unix_now) noexcept {
  places_ = places;
  const std::uint64_t day = unix_now / kDay + 1;
  if (day != day_) begin_day(day);
}

// What an engine before this one has counted that day goes on.
void Recorder::begin_day(std::uint64_t day) noexcept {
  day_ = day;
  today_ = &tables_.days[(day - 1) % 2];
  if (today_->day.load(std::memory_order_relaxed) == day || !kCounting) return;
  today_->day.store(0, std::memory_order_release);
  today_->ipv4.clear();
  today_->ipv6.clear();
  today_->ipv6_aggregate.clear();
  today_->missing.clear();
  today_->day.store(day, std::memory_order_release);
}

void Recorder::note(TrafficCounters& counters, const answer::Client& client,
                    std::span<const std::uint8_t> query, const answer::Outcome& outcome,
                    bool limited) noexcept {
  count(counters.queries);
  if (!kCounting) return;
  count(counters.query_bytes, query.size());
  count(counters.query_sizes[std::min(query.size() / kSizeBin, kQuerySizes - 1)]);
  note_source(client.address);
  if (outcome.malformed != Malformed::Nothing) {
    count(counters.malformed[static_cast<std::size_t>(outcome.malformed)]);
  }
  if (outcome.malformed != Malformed::Short) note_query(counters, query, outcome);
  if (outcome.size == 0) return count(counters.unanswered);
  count(counters.responses);
  count(counters.response_bytes, outcome.size);
  count(counters.response_sizes[std::min(outcome.size / kSizeBin, kResponseSizes - 1)]);
  count(counters.rcodes[std::min<std::size_t>(outcome.rcode, kRcodes - 1)]);
  if (outcome.truncated) count(counters.truncated);
  if (limited) count(counters.limited);
}

void Recorder::note_query(TrafficCounters& counters, std::span<const std::uint8_t> query,
                          const answer::Outcome& outcome) noexcept {
  const std::uint16_t flags = wire::load_u16(query.data() + 2);
  count(counters.opcodes[flags >> 11 & 0xF]);
  if ((flags & wire::flag::RD) != 0) count(of(counters, QueryAttribute::RecursionDesired));
  if ((flags & wire::flag::CD) != 0) count(of(counters, QueryAttribute::CheckingDisabled));
  if ((flags & wire::flag::AD) != 0) count(of(counters, QueryAttribute::AuthenticData));
  if (outcome.edns) count(of(counters, QueryAttribute::Edns));
  if (outcome.edns_other_version) count(of(counters, QueryAttribute::EdnsOtherVersion));
  if (outcome.dnssec_ok) count(of(counters, QueryAttribute::DnssecOk));
  note_cookie(counters, outcome.cookie);
  if (outcome.chaos != ChaosName::None) count(counters.chaos[static_cast<std::size_t>(outcome.chaos)]);
  if (outcome.question_end > wire::kHeaderSize) note_name(counters, query, outcome);
}

// The name has been read before: its labels can be walked without looking for the end.
void Recorder::note_name(TrafficCounters& counters, std::span<const std::uint8_t> query,
                         const answer::Outcome& outcome) noexcept {
  count(counters.types[type_index(outcome.qtype)]);
  const std::uint8_t* const root = query.data() + outcome.question_end - kAfterName - 1;
  const std::uint8_t* last = nullptr;
  bool idn = false;
  for (const std::uint8_t* label = query.data() + wire::kHeaderSize; label < root; label += *label + 1) {
    idn = idn || is_idn(label);
    last = label;
  }
  if (idn) count(of(counters, QueryAttribute::Idn));
  if (outcome.answer == 0) return;
  if (outcome.rcode == wire::rcode::NXDomain && outcome.zone == places_->root_zone && last != nullptr) {
    return today_->missing.note({last, std::size_t{*last} + 1});
  }
  const std::uint32_t place = places_->place(outcome.zone, outcome.delegation);
  count(tables_.names[place].types[name_type_index(outcome.qtype)]);
}

void Recorder::note_source(std::span<const std::uint8_t> address) noexcept {
  constexpr std::size_t kAggregate = 8;  // octets of a /64
  if (address.size() < kAggregate) return today_->ipv4.add(counts::source_hash(key_, address));
  const std::uint64_t prefix = counts::source_hash(key_, address.first(kAggregate));
  today_->ipv6_aggregate.add(prefix);
  today_->ipv6.add(counts::source_hash(key_, address.subspan(kAggregate), prefix));
}

Recorder::TimePoint Recorder::now() noexcept {
  return kCounting ? std::chrono::steady_clock::now() : TimePoint();
}

void Recorder::note_time(Transport transport, std::size_t queries, TimePoint since) noexcept {
  if (!kCounting || queries == 0) return;
  TimeCounters& times = page_.times[static_cast<std::size_t>(transport)];
  const std::chrono::nanoseconds taken = now() - since;
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(taken.count(), 0));
  const auto bin = static_cast<std::size_t>(std::bit_width(ns / 1000));
  count(times.bins[std::min(bin, kTimes - 1)], queries);
  count(times.total_ns, ns * queries);
}

}  // namespace imrs::engine
