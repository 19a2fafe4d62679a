// agent/decommission/execute.h
// Does the steps of a plan, one after the other, and writes each down when it is done. Every step can be made
// again without harm; after a power cut, or when something was in the way, the rest is done from the journal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/decommission/journal.h"

namespace imrs::decommission {

// How the machine is touched. All of them block.
struct Hands {
  // Gives the agent the order "drain" or "withdraw"; its answer. Errc::Unavailable: no agent runs.
  std::function<Result<std::string>(std::string_view verb)> order;
  // Whether nothing but covering prefixes is announced any more.
  std::function<Result<bool>()> drained;
  // exported_by_bird().
  std::function<Result<std::vector<std::string>>()> exported;
  // Sees to it that a unit of the service manager is not started again.
  std::function<Result<void>(const std::string& unit)> disable;
  std::function<Result<void>(const std::string& unit)> enable;  // what disable() did, undone
  std::function<Result<void>(const std::string& unit)> stop;
  std::function<std::int64_t()> now_ms;
  std::function<void(std::chrono::seconds)> sleep;
  std::function<void(const std::string&)> say;
};

// Until all steps are done, or one is not; then nothing after it is. `journal` is saved to `path` before the
// first and after each step.
[[nodiscard]] Result<void> execute(Journal& journal, const std::string& path, const Hands& hands);

// Ends one that has erased nothing: all units that it disables are enabled again (not started), and the
// journal's file is gone. Orders to drain and to withdraw stand. May be repeated. Errc::Refused: it may have
// erased something.
[[nodiscard]] Result<void> give_up(const Journal& journal, const std::string& path, const Hands& hands);

}  // namespace imrs::decommission
