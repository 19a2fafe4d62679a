// The commands about the configuration. Called by main, by way of commands.cc.
#include "agent/ctl/config_commands.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>

#include "agent/ctl/config_apply.h"
#include "agent/ctl/config_files.h"
#include "agent/ctl/login.h"

namespace imrs::ctl {
namespace {

void add_files(CLI::App& command, ApplySettings& settings) {
  command.add_option("NEW", settings.next, "the new agent.json; - is standard input")->required();
  command.add_option("--secrets", settings.secrets, "a new secrets' file, too; - is standard input");
  command.add_option("--config", settings.config, "the one that is there")->capture_default_str();
}

void add_diff(CLI::App& config, Options& options, int& exit_code) {
  CLI::App* const command = config.add_subcommand(
      "diff", "what is different in another configuration, key by key; exit status 3 if anything is");
  const auto settings = std::make_shared<ApplySettings>();
  add_files(*command, *settings);
  command->add_flag("--json", options.json, "as JSON");
  command->callback([&options, &exit_code, settings] { exit_code = diff_config(options, *settings); });
}

void add_apply(CLI::App& config, Options& options, int& exit_code) {
  CLI::App* const command = config.add_subcommand(
      "apply",
      "put another configuration in place and make it take effect; unless everything that was announced "
      "before is announced again in time, the previous one comes back by itself (exit status 1); so it does "
      "unless somebody confirms a change of access.icann");
  const auto settings = std::make_shared<ApplySettings>();
  const auto seconds = std::make_shared<std::int64_t>(settings->limits.within / std::chrono::seconds(1));
  add_files(*command, *settings);
  command->add_flag("--dry-run", settings->dry_run, "check and compare only, and say what would be done");
  command->add_option("--within", *seconds, "so many seconds to be as before")
      ->check(CLI::Range(10, 3600))
      ->capture_default_str();
  command->add_option("--restart", settings->restart, "how the agent is restarted, if it has to be")
      ->capture_default_str();
  command->add_option("--reload-bird", settings->reload_bird, "how BIRD is configured anew")
      ->capture_default_str();
  command->add_option("--reload-firewall", settings->reload_firewall, "how the firewall is loaded anew")
      ->capture_default_str();
  command
      ->add_option("--firewall-runs", settings->firewall_runs,
                   "what succeeds if the firewall runs; without one access.icann is not changed")
      ->capture_default_str();
  command->callback([&options, &exit_code, settings, seconds] {
    settings->limits.within = std::chrono::seconds(*seconds);
    exit_code = apply_config(options, *settings);
  });
}

int run_recover(const std::string& config, Mark mark) {
  const auto done = recover(config, mark);
  return done ? print(*done) : fail(done.error().message, kFailed);
}

int run_confirm(const std::string& config) {
  const auto login = find_login("/proc", ::getpid());
  if (!login) return fail(login.error().message, kFailed);
  const auto done = confirm(config, *login);
  return done ? print("confirmed") : fail(done.error().message, kFailed);
}

void add_confirm(CLI::App& config, int& exit_code) {
  CLI::App* const command = config.add_subcommand(
      "confirm",
      "say that you still get in after an apply that changes who may: from an SSH login that began since its "
      "firewall was loaded, itself (not inside tmux or screen), or at the console");
  const auto file = std::make_shared<std::string>("/etc/imrs/agent.json");
  command->add_option("--config", *file, "the configuration")->capture_default_str();
  command->callback([&exit_code, file] { exit_code = run_confirm(*file); });
}

void add_recover(CLI::App& config, int& exit_code) {
  CLI::App* const command = config.add_subcommand("recover",
                                                  "put the previous configuration back if an apply was cut "
                                                  "off; tells nobody (run by the package's units)");
  const auto file = std::make_shared<std::string>("/etc/imrs/agent.json");
  const auto leaves = std::make_shared<bool>(false);
  command->add_option("--config", *file, "the configuration")->capture_default_str();
  command->add_flag("--leave-mark", *leaves, "somebody else will tell firewall, BIRD and agent");
  command->callback(
      [&exit_code, file, leaves] { exit_code = run_recover(*file, *leaves ? Mark::Leave : Mark::Remove); });
}

}  // namespace

void add_config(CLI::App& app, Options& options, int& exit_code) {
  CLI::App* const config = app.add_subcommand("config", "compare and replace the configuration");
  config->require_subcommand(1);
  add_diff(*config, options, exit_code);
  add_apply(*config, options, exit_code);
  add_confirm(*config, exit_code);
  add_recover(*config, exit_code);
}

}  // namespace imrs::ctl
