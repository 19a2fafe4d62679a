// Talks to the agent and to the service manager while a configuration is applied. Called by config_apply.cc.
#include "agent/ctl/config_agent.h"

#include <fmt/format.h>

#include <optional>

#include "agent/ctl/client.h"
#include "agent/ctl/orders.h"
#include "agent/remote/run_program.h"

namespace imrs::ctl {
namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr int kLooks = 200;
constexpr std::chrono::seconds kCommandLimit{180};  // a unit's start and stop limits are below

Result<std::vector<HistoryEntry>> history_of(const std::string& socket) {
  const auto answer = ask_agent(socket, "history");
  return answer ? history_from_json(*answer) : answer.error();
}

std::int64_t unix_ms() {
  using std::chrono::system_clock;
  return std::chrono::floor<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::optional<Told> upgrade_told(const std::vector<HistoryEntry>& history, std::int64_t begun_ms) {
  for (const HistoryEntry& entry : history) {
    if (entry.time_ms < begun_ms) continue;
    if (entry.text.starts_with("upgraded in place")) return Told{Outcome::Done, entry.text};
    if (!entry.text.starts_with("upgrade failed")) continue;
    const bool restart = entry.text.find("restart") != std::string::npos;
    return Told{restart ? Outcome::NeedsRestart : Outcome::Unchanged, entry.text};
  }
  return std::nullopt;
}

Told upgrade_agent(const std::string& socket, const Pause& pause) {
  const std::int64_t begun = unix_ms();
  const auto answer = ask_agent(socket, upgrade_request(""));
  if (!answer) return {Outcome::Failed, answer.error().message};
  std::string warning;
  if (const auto taken = take_answer(*answer, "", warning); !taken)
    return {Outcome::Unchanged, taken.error().message};
  for (int i = 0; i < kLooks; ++i) {
    // Once it has been ordered it is waited for: what then has to be taken back must be known.
    (void)pause(kLook);
    const auto history = history_of(socket);
    if (!history) continue;  // it is just becoming the other one
    if (auto told = upgrade_told(*history, begun)) return *told;
  }
  return {Outcome::Failed, "the agent does not say what came of the upgrade"};
}

Result<Snapshot> look_at_agent(const std::string& socket) {
  const auto answer = ask_agent(socket, "status");
  if (!answer) return answer.error();
  return snapshot_from_json(*answer);
}

Result<void> run_command(const std::string& command) {
  if (command.empty()) return {};
  const auto status = remote::run_program("/bin/sh", {"sh", "-c", command},
                                          {.input = false, .outlives = true, .limit = kCommandLimit});
  if (!status) return status.error().within(command);
  if (*status == 0) return {};
  return Error{Errc::Refused, fmt::format("{}: exit status {}", command, *status)};
}

}  // namespace imrs::ctl
