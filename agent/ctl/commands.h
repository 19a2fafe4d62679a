// agent/ctl/commands.h
// What each command of imrsctl does: asks, prints, and says by its exit status how it went.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace imrs::ctl {

// Exit statuses.
inline constexpr int kGood = 0, kFailed = 1, kBadUse = 2, kNotHealthy = 3;
inline constexpr const char* kExitStatuses =
    "0: done; status: everything is announced.\n"
    "1: the agent cannot be asked, or could not do it.\n"
    "2: the command was used wrongly.\n"
    "3: status: not everything is announced; preflight: a point failed; config diff: something differs; "
    "setup: something is still missing.";

// For people: what starts a whole appliance.
inline constexpr const char* kStartAll =
    "systemctl start imrs-firewall imrs-tuning imrs-bird imrs-agent imrs-recover.path";

struct Options {
  std::string socket = "/run/imrs/control.sock";
  bool json = false;
  std::string origin;              // zone
  std::vector<std::string> words;  // drain, withdraw, resume
  std::string reason;
  std::string config = "/etc/imrs/agent.json";  // of orders: whose state directory keeps what stands
  std::string check, until;                     // waive
  bool end = false;
  std::string program;             // upgrade
  std::size_t top = 0;             // stats
  std::size_t times = 0;           // watch; 0: until it is ended
  std::vector<std::string> files;  // rssac002-merge
  std::string directory = ".";
};

// Adds every command to `app`. The one that is run puts its exit status into `exit_code`. Both must outlive
// `app`.
void add_commands(CLI::App& app, Options& options, int& exit_code);

// Says on standard error what went wrong.
int fail(const std::string& why, int exit_code);
int print(const std::string& text);

}  // namespace imrs::ctl
