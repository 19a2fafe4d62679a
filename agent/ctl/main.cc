// imrsctl: the operator's tool. Asks the agent over its control socket and prints what it says.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "agent/ctl/client.h"
#include "agent/ctl/orders.h"
#include "agent/ctl/render.h"

namespace {

using namespace imrs;

constexpr int kFailed = 1, kBadUse = 2;
constexpr int kUpgradeLooks = 200;
constexpr std::chrono::milliseconds kUpgradeLook{50};

struct Options {
  std::string socket = "/run/imrs/control.sock";
  bool json = false;
  std::string origin;              // zone
  std::vector<std::string> words;  // drain, withdraw, resume
  std::string reason;
  std::string check, until;  // waive
  bool end = false;
  std::string program;  // upgrade
};

int fail(const std::string& why, int exit_code) {
  std::fprintf(stderr, "imrsctl: %s\n", why.c_str());
  return exit_code;
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (!text.empty() && text.back() != '\n') std::fputs("\n", stdout);
  return 0;
}

std::string with_dot(std::string origin) {
  if (!origin.empty() && origin.back() != '.') origin += '.';
  return origin;
}

Result<Snapshot> ask_for_snapshot(const Options& options) {
  auto answer = ctl::ask_agent(options.socket, "status");
  if (!answer) return answer.error();
  auto snapshot = snapshot_from_json(*answer);
  if (!snapshot) return snapshot.error().within("is the agent of another version?");
  return snapshot;
}

int status(const Options& options) {
  const auto snapshot = ask_for_snapshot(options);
  if (!snapshot) return fail(snapshot.error().message, kFailed);
  return print(options.json ? to_json(*snapshot) : ctl::status_text(*snapshot));
}

int zone(const Options& options) {
  const auto snapshot = ask_for_snapshot(options);
  if (!snapshot) return fail(snapshot.error().message, kFailed);
  const std::string origin = with_dot(options.origin);
  const std::string text = options.json ? ctl::zone_json(*snapshot, origin)
                                        : ctl::zone_text(*snapshot, origin);
  if (text.empty() || text == "null") {
    return fail("there is no zone " + origin + "; try \"imrsctl zone\"", kBadUse);
  }
  return print(text);
}

int history(const Options& options) {
  auto answer = ctl::ask_agent(options.socket, "history");
  if (!answer) return fail(answer.error().message, kFailed);
  if (options.json) return print(*answer);
  auto entries = history_from_json(*answer);
  if (!entries) return fail(entries.error().message, kFailed);
  return print(ctl::history_text(*entries));
}

int give(const Options& options, const Result<std::string>& request) {
  if (!request) return fail(request.error().message, kBadUse);
  auto answer = ctl::ask_agent(options.socket, *request);
  if (!answer) return fail(answer.error().message, kFailed);
  std::string warning;
  const auto done = ctl::take_answer(*answer, warning);
  if (!done) return fail(done.error().message, kFailed);
  if (!warning.empty()) (void)fail(warning, 0);
  return print(*done);
}

int waive(const Options& options) {
  if (options.end) return give(options, ctl::end_waiver_request(options.check));
  if (options.until.empty())
    return fail("waive: --until TIME is missing: nothing is waived for ever", kBadUse);
  const auto until = ctl::parse_until(options.until, std::time(nullptr));
  if (!until) return fail(until.error().message, kBadUse);
  return give(options, ctl::waive_request(options.check, *until));
}

// Waits until the agent says what came of it.
int upgrade(const Options& options) {
  using std::chrono::system_clock;
  const auto begun = std::chrono::floor<std::chrono::milliseconds>(system_clock::now().time_since_epoch());
  if (const int failed = give(options, ctl::upgrade_request(options.program)); failed != 0) return failed;
  for (int i = 0; i < kUpgradeLooks; ++i) {
    std::this_thread::sleep_for(kUpgradeLook);
    const auto answer = ctl::ask_agent(options.socket, "history");
    const auto entries = answer ? history_from_json(*answer)
                                : Result<std::vector<HistoryEntry>>(answer.error());
    if (!entries) continue;  // it is just becoming the other one
    for (const HistoryEntry& entry : *entries) {
      if (entry.time_ms < begun.count()) continue;
      if (entry.text.starts_with("upgrade failed")) return fail(entry.text, kFailed);
      if (entry.text.starts_with("upgraded in place")) return print(entry.text);
    }
  }
  return fail("the agent does not say what came of it; see imrsctl history", kFailed);
}

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
    command->callback([&options, &exit_code, verb = std::string(verb)] {
      exit_code = give(options, ctl::overlay_request(verb, options.words, options.reason));
    });
  }
  CLI::App* const next = app.add_subcommand(
      "upgrade",
      "test the agent's program as it is on disk now, and become it without a lost route or answer");
  next->add_option("--program", options.program, "another one, by its absolute file name");
  next->callback([&options, &exit_code] { exit_code = upgrade(options); });
  CLI::App* const command = app.add_subcommand(
      "waive", "let one check that the whole fleet may fail at once withdraw nothing for a while");
  command->add_option("CHECK", options.check, "soa-expire or signature-dates")->required();
  command->add_option("--until", options.until,
                      "2026-11-27T12:00:00Z, or +90m, +2h, +3d; at most seven days");
  command->add_flag("--end", options.end, "end the waiver");
  command->callback([&options, &exit_code] { exit_code = waive(options); });
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  int exit_code = 0;
  CLI::App app{"Asks the agent of this appliance what it does, and gives it orders."};
  app.set_version_flag("--version", "imrsctl " IMRS_VERSION);
  app.require_subcommand(1);
  app.add_option("--socket", options.socket, "the agent's \"control_socket\"")->capture_default_str();
  app.fallthrough();
  const auto add = [&](const char* name, const char* text, int (*run)(const Options&)) {
    CLI::App* const command = app.add_subcommand(name, text);
    command->add_flag("--json", options.json, "as JSON");
    command->callback([&options, &exit_code, run] { exit_code = run(options); });
    return command;
  };
  add("status", "decision, prefixes, sessions, alarms", status);
  add("zone", "zones: serial, age, primaries, times, refusals", zone)
      ->add_option("NAME", options.origin, "one zone, as in \".\" or arpa");
  add("history", "what was decided, ordered and done, with times", history);
  add_orders(app, options, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
