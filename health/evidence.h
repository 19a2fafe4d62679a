// health/evidence.h
// What one probe has shown, and how the raw outcome of asking becomes that. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace imrs::health {

enum class Evidence {
  Right,        // the octets are what the audited image says
  Wrong,        // other octets: withdraw at once
  Silent,       // no answer, and the worker had no excuse
  CrowdedOut,   // no answer, but the worker progressed and queues overflowed meanwhile: an alarm
  CouldNotAsk,  // the probe itself failed, or this process was too late to judge
};

[[nodiscard]] std::string_view to_string(Evidence evidence);

// What the prober saw of one question.
enum class Outcome {
  Matched,   // an answer with the expected octets
  Differed,  // an answer with other octets
  NoAnswer,  // nothing within the time limit, or the connection was refused or cut
  NotAsked,  // the question could not be sent (no descriptor, no memory, no route)
};

// A worker's state as seen from outside, sampled before and after a question. Each only ever grows.
struct Pressure {
  std::uint64_t progress = 0;     // what it has taken from the queues of that transport
  std::uint64_t drops = 0;        // packets dropped at the worker's sockets, full accept queues
  std::uint64_t probe_drops = 0;  // of these, those at the probes' own socket
};

// Judges the questions of one target, one after the other.
class Judge {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // The worker reads the probes' own socket first, and nobody outside reaches it: while that has room, load
  // alone does not keep a probe waiting for so long. What does is a fault.
  static constexpr std::chrono::seconds kCrowdedAtMost{10};

  // `late`: this process's own loop was delayed so much that the time limit proves nothing. `now`: never
  // earlier than the time before.
  [[nodiscard]] Evidence judge(Outcome outcome, const Pressure& before, const Pressure& after, bool late,
                               TimePoint now);

 private:
  [[nodiscard]] Evidence no_answer(const Pressure& before, const Pressure& after, TimePoint now);

  std::chrono::steady_clock::duration crowded_{};  // in all, since the last answer
  std::optional<TimePoint> judged_;                // the question before
};

}  // namespace imrs::health
