// health/evidence.h
// What one probe has shown, and how the raw outcome of asking becomes that. Pure.
#pragma once

#include <cstdint>
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

// A worker's state as seen from outside, sampled before and after a question.
struct Pressure {
  std::uint64_t progress = 0;  // WorkerPage::progress
  std::uint64_t drops = 0;     // packets dropped at the worker's sockets, full accept queues
};

// `late`: this process's own loop was delayed so much that the time limit proves nothing.
[[nodiscard]] Evidence judge(Outcome outcome, const Pressure& before, const Pressure& after, bool late);

}  // namespace imrs::health
