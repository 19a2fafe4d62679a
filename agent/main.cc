// imrs-agent: the supervisor. Reads its command line and configuration, prepares as root, and hands over
// to the loop.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "agent/base/log.h"
#include "agent/config/config.h"
#include "agent/privileges.h"
#include "agent/renderings.h"
#include "agent/site/firewall.h"
#include "agent/startup.h"
#include "agent/supervisor.h"
#include "agent/upgrade.h"

namespace {

using namespace imrs;

constexpr int kBadUse = 2;

// A line of the log for each line: a configuration may have several faults.
int fail(const Error& error, int exit_code) {
  std::istringstream lines(error.message);
  for (std::string line; std::getline(lines, line);) log_error("{}", line);
  return exit_code;
}

// On standard output, whole, or it says so: whoever keeps the text on a full disk must not take a part of it.
int print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) != EOF && std::fflush(stdout) == 0) return 0;
  return fail(system_error("standard output"), 1);
}

// This program's own file; one that was replaced meanwhile is " (deleted)".
Result<std::string> own_program() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return system_error("/proc/self/exe", error.value());
  return program.string();
}

// After an upgrade in place. `test_only`: in a process of its own, to see whether it would work.
int take_over(const Config& config, agent::NextProgram self, int memfd, bool test_only) {
  auto taken = agent::take_over(config, memfd);
  if (!taken) return fail(taken.error(), taken.error().code == Errc::Refused ? agent::kNeedsRestart : 1);
  auto supervisor = agent::Supervisor::make(config, std::move(*taken), std::move(self));
  if (!supervisor) return fail(supervisor.error(), 1);
  if (test_only) ::_exit(0);  // nothing of what was handed over may be touched by a destructor
  return (*supervisor)->run();
}

int run_agent(const Config& config, agent::NextProgram self) {
  const std::filesystem::path program = self.path;
  auto prepared = agent::prepare(config, program.parent_path().string());
  if (!prepared) return fail(prepared.error(), 1);
  if (!prepared->state) log_warning("{}", prepared->state.error().message);
  if (!prepared->kept_time && prepared->kept_time.error().code != Errc::Unavailable) {
    log_warning("{}", prepared->kept_time.error().message);
  }
  if (!prepared->orders) log_error("{}: no order stands", prepared->orders.error().message);
  if (!prepared->control) log_warning("{}; imrsctl cannot ask", prepared->control.error().message);
  if (!prepared->memory_lock) log_warning("{}", prepared->memory_lock.error().message);
  auto supervisor = agent::Supervisor::make(config, std::move(*prepared), std::move(self));
  if (!supervisor) return fail(supervisor.error(), 1);
  return (*supervisor)->run();
}

}  // namespace

int main(int argc, char** argv) {
  // First: a core dump of this process would keep its device, and with it the routes, for seconds.
  if (auto undumpable = agent::make_undumpable(); !undumpable) return fail(undumpable.error(), 1);
  std::string file = "/etc/imrs/agent.json", bird_config_file;
  bool check = false, print_bird_config = false, print_firewall = false, self_test = false;
  int handed = -1;
  CLI::App app{
      "Runs the DNS engine, keeps probing its answers, and lets BIRD announce the service prefixes "
      "only while the answers are right."};
  app.set_version_flag("--version", "imrs-agent " IMRS_VERSION);
  app.add_option("--config", file, "configuration file")->capture_default_str();
  auto* const check_flag = app.add_flag("--check", check, "check the configuration and do no more");
  app.add_flag("--print-bird-config", print_bird_config,
               "print the BIRD configuration that belongs to it, without the passwords")
      ->excludes(check_flag);
  app.add_option("--write-bird-config", bird_config_file,
                 "write it with the passwords, mode 0640, for whom the file's directory belongs to")
      ->excludes(check_flag);
  app.add_flag("--print-firewall", print_firewall, "print the packet filter that belongs to it, for nft -f -")
      ->excludes(check_flag);
  // Not for people: how an agent calls the one that it becomes.
  app.add_option("--take-over", handed)->group("");
  app.add_flag("--self-test", self_test)->group("");
  CLI11_PARSE(app, argc, argv);
  log_start("imrs-agent", "-", LogLevel::Info);
  // A reader of the log that goes away is no reason to end; nor is a "reload" before the loop can take it.
  for (const int signal : {SIGPIPE, SIGHUP}) ::signal(signal, SIG_IGN);
  auto config = load_config(file);
  if (!config) return fail(config.error(), kBadUse);
  if (check) {  // its exit status is the answer, whether or not the words get anywhere
    std::printf("%s: good\n", file.c_str());
    return 0;
  }
  if (print_bird_config) return print(agent::shown_bird_config(*config));
  if (print_firewall) return print(site::firewall_rules(*config));
  if (!bird_config_file.empty()) {
    const auto written = agent::write_bird_config(*config, bird_config_file);
    return written ? 0 : fail(written.error(), 1);
  }
  log_start("imrs-agent", config->instance.identity, LogLevel::Info);
  auto self = own_program();
  if (!self) return fail(self.error(), 1);
  agent::NextProgram program{
      .path = *self, .config_file = std::filesystem::absolute(file), .environment = {}};
  if (handed >= 0) return take_over(*config, std::move(program), handed, self_test);
  return run_agent(*config, std::move(program));
}
