// The commands that look. Called by main; the orders are in order_commands.cc.
#include "agent/ctl/commands.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "agent/ctl/attack_report_command.h"
#include "agent/ctl/client.h"
#include "agent/ctl/config_commands.h"
#include "agent/ctl/counts_text.h"
#include "agent/ctl/decommission_command.h"
#include "agent/ctl/manual.h"
#include "agent/ctl/order_commands.h"
#include "agent/ctl/preflight_command.h"
#include "agent/ctl/questions.h"
#include "agent/ctl/remote_command.h"
#include "agent/ctl/render.h"
#include "agent/ctl/rotate_commands.h"
#include "agent/ctl/rssac002_merge.h"
#include "agent/ctl/setup_command.h"

namespace imrs::ctl {
namespace {

constexpr std::chrono::seconds kWatchInterval{1};

std::string with_dot(std::string origin) {
  if (!origin.empty() && origin.back() != '.') origin += '.';
  return origin;
}

bool wants_colour() {
  const char* const no_colour = std::getenv("NO_COLOR");  // https://no-color.org
  return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

// Prints what `text` or `json` makes of the snapshot.
int show(const Options& options, std::string (*text)(const Snapshot&), std::string (*json)(const Snapshot&)) {
  const auto snapshot = ask_for_snapshot(options.socket);
  if (!snapshot) return fail(snapshot.error().message, kFailed);
  return print(options.json ? json(*snapshot) : text(*snapshot));
}

int status(const Options& options) {
  const auto snapshot = ask_for_snapshot(options.socket);
  if (!snapshot) return fail(snapshot.error().message, kFailed);
  print(options.json ? to_json(*snapshot) : status_text(*snapshot, wants_colour()));
  return is_healthy(*snapshot) ? kGood : kNotHealthy;
}

int bgp(const Options& options) { return show(options, bgp_text, bgp_json); }
int probes(const Options& options) { return show(options, probes_text, probes_json); }

int zone(const Options& options) {
  const auto snapshot = ask_for_snapshot(options.socket);
  if (!snapshot) return fail(snapshot.error().message, kFailed);
  const std::string origin = with_dot(options.origin);
  const std::string text = options.json ? zone_json(*snapshot, origin) : zone_text(*snapshot, origin);
  if (text.empty() || text == "null") {
    return fail("there is no zone " + origin + "; try \"imrsctl zone\"", kBadUse);
  }
  return print(text);
}

int history(const Options& options) {
  auto answer = ask_agent(options.socket, "history");
  if (!answer) return fail(answer.error().message, kFailed);
  if (options.json) return print(*answer);
  auto entries = history_from_json(*answer);
  if (!entries) return fail(entries.error().message, kFailed);
  return print(history_text(*entries));
}

int stats(const Options& options) {
  const auto statistics = ask_for_statistics(options.socket);
  if (!statistics) return fail(statistics.error().message, kFailed);
  return print(options.json ? statistics_json(*statistics, options.top)
                            : statistics_text(*statistics, options.top));
}

int watch(const Options& options) {
  const bool screen = ::isatty(STDOUT_FILENO) == 1 && !options.json;
  int last = kGood;
  for (std::size_t i = 0; options.times == 0 || i < options.times; ++i) {
    if (i > 0) std::this_thread::sleep_for(kWatchInterval);
    if (screen) std::fputs("\x1b[H\x1b[2J", stdout);
    last = status(options);
    std::fflush(stdout);
  }
  return last;
}

int merge(const Options& options) {
  const auto written = merge_rssac002(options.files, options.directory);
  if (!written) return fail(written.error().message, kFailed);
  return print(*written);
}

CLI::App* add(CLI::App& app, Options& options, int& exit_code, const char* name, const char* text,
              int (*run)(const Options&)) {
  CLI::App* const command = app.add_subcommand(name, text);
  command->callback([&options, &exit_code, run] { exit_code = run(options); });
  return command;
}

void add_looks(CLI::App& app, Options& options, int& exit_code) {
  const auto look = [&](const char* name, const char* text, int (*run)(const Options&)) {
    CLI::App* const command = add(app, options, exit_code, name, text, run);
    command->add_flag("--json", options.json, "as JSON");
    return command;
  };
  look("status", "decision, prefixes, sessions, alarms; the exit status says whether all is announced",
       status);
  look("bgp", "sessions: state, what was said, what is announced", bgp);
  look("zone", "zones: serial, age, primaries, times, refusals", zone)
      ->add_option("NAME", options.origin, "one zone, as in \".\" or arpa");
  look("probes", "what is probed, and what came of it", probes);
  look("stats", "how many queries and which, since the agent started", stats)
      ->add_option("--top", options.top, "also so many delegations, and names that do not exist")
      ->check(CLI::Range(0, 1000));
  look("history", "what was decided, ordered and done, with times", history);
  look("watch", "the status again every second", watch)
      ->add_option("--times", options.times, "so many times, instead of until it is ended");
}

// What concerns the machine rather than the running agent.
void add_box(CLI::App& app, Options& options, int& exit_code) {
  add_setup(app, options, exit_code);
  add_config(app, options, exit_code);
  add_preflight(app, options, exit_code);
  add_rotate(app, options, exit_code);
  add_rollback(app, options, exit_code);
  add_remote(app, options, exit_code);
  add_audit_log(app, options, exit_code);
  add_decommission(app, options, exit_code);
}

}  // namespace

int fail(const std::string& why, int exit_code) {
  std::fprintf(stderr, "imrsctl: %s\n", why.c_str());
  return exit_code;
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (!text.empty() && text.back() != '\n') std::fputs("\n", stdout);
  return kGood;
}

void add_commands(CLI::App& app, Options& options, int& exit_code) {
  app.require_subcommand(1);
  app.add_option("--socket", options.socket, "the agent's \"control_socket\"")->capture_default_str();
  app.fallthrough();
  app.footer(kExitStatuses);
  add_looks(app, options, exit_code);
  add_attack_report(app, options, exit_code);
  add_orders(app, options, exit_code);
  add_box(app, options, exit_code);
  CLI::App* const files = add(app, options, exit_code, "rssac002-merge",
                              "make the service's files of one day of its instances' (no agent is needed)",
                              merge);
  files->add_option("FILE", options.files, "of rssac002/YYYY/MM/instance/ of each instance")->required();
  files->add_option("--directory", options.directory, "where to")->capture_default_str();
  app.add_subcommand("manual", "print the manual page (man -l)")->callback([&app, &exit_code] {
    exit_code = print(manual_page(app));
  });
  app.add_subcommand("completion", "print the completions for bash")->callback([&app, &exit_code] {
    exit_code = print(bash_completion(app));
  });
}

}  // namespace imrs::ctl
