// The commands that order. Called by main, by way of commands.cc.
#include "agent/ctl/order_commands.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "agent/ctl/client.h"
#include "agent/ctl/orders.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::ctl {
namespace {

constexpr int kUpgradeLooks = 400;  // longer than the agent tries
constexpr std::chrono::milliseconds kUpgradeLook{50};

int say(const Options& options, const std::string& text) {
  return print(options.json ? nlohmann::json{{"text", text}}.dump() : text);
}

int give(const Options& options, const Result<std::string>& request) {
  if (!request) return fail(request.error().message, kBadUse);
  auto answer = ask_agent(options.socket, *request);
  if (!answer) return fail(answer.error().message, kFailed);
  std::string warning;
  const auto done = take_answer(*answer, options.config, warning);
  if (!done) return fail(done.error().message, kFailed);
  if (!warning.empty()) (void)fail(warning, 0);
  return say(options, *done);
}

int waive(const Options& options) {
  if (options.end) return give(options, end_waiver_request(options.check));
  if (options.until.empty())
    return fail("waive: --until TIME is missing: nothing is waived for ever", kBadUse);
  const auto until = parse_until(options.until, std::time(nullptr));
  if (!until) return fail(until.error().message, kBadUse);
  return give(options, waive_request(options.check, *until));
}

// Waits until the agent says what came of it.
int upgrade(const Options& options) {
  using std::chrono::system_clock;
  const auto begun = std::chrono::floor<std::chrono::milliseconds>(system_clock::now().time_since_epoch());
  if (const int failed = give(options, upgrade_request(options.program)); failed != 0) return failed;
  for (int i = 0; i < kUpgradeLooks; ++i) {
    std::this_thread::sleep_for(kUpgradeLook);
    const auto answer = ask_agent(options.socket, "history");
    const auto entries = answer ? history_from_json(*answer)
                                : Result<std::vector<HistoryEntry>>(answer.error());
    if (!entries) continue;  // it is just becoming the other one
    for (const HistoryEntry& entry : *entries) {
      if (entry.time_ms < begun.count()) continue;
      if (entry.text.starts_with("upgrade failed")) return fail(entry.text, kFailed);
      if (entry.text.starts_with("upgraded in place")) return say(options, entry.text);
    }
  }
  return fail("the agent does not say what came of it; see imrsctl history", kFailed);
}

void add_common(CLI::App& command, Options& options) {
  command
      .add_option("--config", options.config,
                  "the configuration file; what stands is kept in its \"state_directory\"")
      ->capture_default_str();
  command.add_flag("--json", options.json, "what came of it as JSON");
}

}  // namespace

void add_orders(CLI::App& app, Options& options, int& exit_code) {
  const std::pair<const char*, const char*> orders[] = {
      {"drain",
       "ask neighbours to prefer others, then withdraw the specific prefixes; the covering ones stay"},
      {"withdraw", "withdraw everything"},
      {"resume", "end a drain or withdrawal; what is announced then depends on the probes, as ever"}};
  for (const auto& [verb, text] : orders) {
    CLI::App* const command = app.add_subcommand(verb, text);
    command
        ->add_option("WHAT", options.words,
                     "v4 or v6, and the name of a neighbour's session; all if left out")
        ->expected(0, 2);
    command->add_option("--reason", options.reason, "shown in the history and on the NOC page");
    add_common(*command, options);
    command->callback([&options, &exit_code, verb = std::string(verb)] {
      exit_code = give(options, overlay_request(verb, options.words, options.reason));
    });
  }
  CLI::App* const next = app.add_subcommand(
      "upgrade",
      "test the agent's program as it is on disk now, and become it without a lost route or answer");
  next->add_option("--program", options.program, "another one, by its absolute file name");
  next->add_flag("--json", options.json, "what came of it as JSON, a line each");
  next->callback([&options, &exit_code] { exit_code = upgrade(options); });
  CLI::App* const command = app.add_subcommand(
      "waive", "let one check that the whole fleet may fail at once withdraw nothing for a while");
  command->add_option("CHECK", options.check, "soa-expire or signature-dates")->required();
  command->add_option("--until", options.until,
                      "2026-11-27T12:00:00Z, or +90m, +2h, +3d; at most seven days");
  command->add_flag("--end", options.end, "end the waiver");
  add_common(*command, options);
  command->callback([&options, &exit_code] { exit_code = waive(options); });
}

}  // namespace imrs::ctl
