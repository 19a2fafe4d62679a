// agent/web/child.h
// imrs-web as the agent's child: everything it needs comes over the channel.
#pragma once

#include <string>

#include "agent/base/channel.h"
#include "agent/base/result.h"
#include "agent/web/server.h"

namespace imrs::web {

struct Setup {
  WebSettings settings;
  counts::Pages pages;
  Listeners listeners;
};

// Waits for the agent's first message: WebSetup with its settings, the counts and the sockets.
[[nodiscard]] Result<Setup> receive_setup(const Channel& channel);

// The zone of this machine's clock, which is BIRD's too ("UTC", "CET").
[[nodiscard]] std::string local_zone();

// Serves until the agent's end of the channel closes; that is a normal end.
[[nodiscard]] Result<void> run_child(Channel channel);

}  // namespace imrs::web
