// agent/launcher.h
// The process that starts the others. The agent forks it before it drops its own privileges; from then
// on it is the only holder of SETUID, SETGID and KILL (and SETPCAP, to empty its children's bounding
// set), and does nothing but what agent/base/messages.h calls LaunchStart and LaunchKill.
#pragma once

#include <array>
#include <string>

#include "agent/base/channel.h"
#include "agent/base/messages.h"
#include "agent/base/result.h"

namespace imrs::agent {

struct LaunchedUser {
  std::uint32_t uid = 0, gid = 0;
};

struct LauncherSettings {
  std::string program_directory;  // where imrs-engine, imrs-zone, imrs-web are
  LaunchedUser self;
  std::array<LaunchedUser, kPrograms> users;  // by Program
};

[[nodiscard]] std::string_view program_name(Program program);  // for people and the process table
[[nodiscard]] std::string_view program_file(Program program);  // in the program directory

// Forks the launcher. Call as root, with one thread. Returns the agent's end of the channel; end of file
// on it means that the launcher has gone, and the agent must end.
[[nodiscard]] Result<Channel> start_launcher(const LauncherSettings& settings);

}  // namespace imrs::agent
