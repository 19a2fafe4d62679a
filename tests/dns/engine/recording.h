// tests/dns/engine/recording.h
// A recorder with memory of its own, for the tests: what it was told, by the names of the counters.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/counts/counts.h"
#include "dns/answer/responder.h"
#include "dns/engine/name_registry.h"
#include "dns/engine/recorder.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::test {

inline constexpr std::int64_t kSomeDay = 20'784;                     // 2026-11-27
inline constexpr std::uint32_t kSomeTime = kSomeDay * 86400 + 3600;  // seconds
inline constexpr counts::SketchKey kSomeKey{0x0123456789abcdef, 0xfedcba98};

// What is not zero: "queries" and so on, and "rcode 3", "opcode 0", "malformed 1", "attribute 0", "chaos 1",
// "type 28", "query_sizes 2", "response_sizes 64" by index.
using SeenCounters = std::map<std::string, std::uint64_t>;
[[nodiscard]] SeenCounters seen_in(const TrafficCounters& counters);

class Recording {
 public:
  explicit Recording(const std::vector<ZoneText>& zones = three_zones());

  // The recorder starts anew, as that of an engine that is started over the same memory.
  void restart();
  void begin(std::uint32_t unix_now) { recorder_->begin(&places_, unix_now); }

  void note(std::span<const std::uint8_t> query, const answer::Outcome& outcome, bool limited = false);
  // From that address; nothing else of the query matters.
  void note_from(std::span<const std::uint8_t> address);
  // Has the query answered and noted.
  answer::Outcome respond(std::span<const std::uint8_t> query);
  answer::Outcome ask(std::string_view name, std::uint16_t type = 1);

  [[nodiscard]] engine::Recorder& recorder() { return *recorder_; }
  [[nodiscard]] const TrafficCounters& counters() const { return pages_.workers()[0].traffic[0][0]; }
  [[nodiscard]] const WorkerPage& page() const { return pages_.workers()[0]; }
  [[nodiscard]] const counts::Pages& pages() const { return pages_; }
  // "name type" of the names that were asked about, by the names of kind_names.cc; place 0 is "".
  [[nodiscard]] std::map<std::string, std::uint64_t> names() const;
  // "label count error" of that day.
  [[nodiscard]] std::vector<std::string> missing(std::int64_t day = kSomeDay) const;
  // IPv4, IPv6 and /64 of that day.
  [[nodiscard]] std::array<long, 3> sources(std::int64_t day = kSomeDay) const;

 private:
  std::shared_ptr<const image::Image> image_;
  UniqueFd fd_;
  counts::Pages pages_;
  engine::NamePlaces places_;
  std::unique_ptr<engine::Recorder> recorder_;
};

}  // namespace imrs::test
