// Looks twice and prints the difference. Called by main, by way of commands.cc. It changes nothing.
#include "agent/ctl/attack_report_command.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "agent/ctl/attack_report.h"
#include "agent/ctl/questions.h"

namespace imrs::ctl {
namespace {

using Steady = std::chrono::steady_clock;

constexpr unsigned kUsualSeconds = 10, kMostSeconds = 600;

// When the counts were read is when it was read.
struct TimedReading {
  Reading reading;
  Steady::time_point when;
};

Result<TimedReading> read_all(const std::string& socket) {
  auto snapshot = ask_for_snapshot(socket);
  if (!snapshot) return snapshot.error();
  auto statistics = ask_for_statistics(socket);
  if (!statistics) return statistics.error();
  const Steady::time_point now = Steady::now();
  std::vector<counts::Service> services;
  for (const counts::Path& path : statistics->counts.paths) services.push_back(path.service);
  std::int32_t engine = 0;
  for (const ProgramState& program : snapshot->programs) {
    if (program.name == "imrs-engine") engine = program.pid;
  }
  return TimedReading{{.statistics = std::move(*statistics),
                       .kernel = read_kernel_counts(engine, services),
                       .snapshot = std::move(*snapshot)},
                      now};
}

int report(const Options& options, unsigned seconds) {
  const auto before = read_all(options.socket);
  if (!before) return fail(before.error().message, kFailed);
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  const auto after = read_all(options.socket);
  if (!after) return fail(after.error().message, kFailed);
  const double passed = std::chrono::duration<double>(after->when - before->when).count();
  const auto made = attack_report(before->reading, after->reading, passed);
  if (!made) return fail(made.error().message, kFailed);
  return print(options.json ? attack_report_json(*made) : attack_report_text(*made));
}

}  // namespace

void add_attack_report(CLI::App& app, Options& options, int& exit_code) {
  const auto seconds = std::make_shared<unsigned>(kUsualSeconds);
  CLI::App* const command = app.add_subcommand(
      "attack-report", "what comes in right now, what of it is lost or limited, and what it looks like");
  command->add_option("--seconds", *seconds, "how long to look")
      ->check(CLI::Range(1U, kMostSeconds))
      ->capture_default_str();
  command->add_flag("--json", options.json, "as JSON");
  command->callback([&options, &exit_code, seconds] { exit_code = report(options, *seconds); });
}

}  // namespace imrs::ctl
