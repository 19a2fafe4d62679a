// agent/startup.h
// Everything the agent does as root, once, before its loop: after prepare() it is its own user with
// NET_ADMIN and NET_BIND_SERVICE only, and nothing it needs later asks for more.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "agent/config/config.h"
#include "agent/control.h"
#include "agent/device.h"
#include "agent/kept_image.h"
#include "agent/launcher.h"
#include "agent/orders.h"
#include "agent/service_sockets.h"
#include "agent/wall_clock.h"
#include "agent/web_link.h"

namespace imrs::agent {

struct Prepared {
  Channel launcher;
  UniqueFd only_one;     // see lock_instance() in startup.cc
  AnycastDevice device;  // opened, not made yet
  ServiceSockets sockets;
  // For imrs-zone: NOTIFY comes to them, UDP and TCP; none: no zone has primaries, or no NOTIFY is wanted.
  std::vector<UniqueFd> notify;
  WebLink web;
  Result<void> state;  // of the directory for imrs-zone; without it the instance serves, and alarms
  Result<std::int64_t> kept_time;  // read_kept_time(), which `clock` knows of
  WallClockWatch clock;
  Result<KeptImage> image;        // load_kept_image()
  Result<StandingOrders> orders;  // read_standing_orders(): of the operator, from before this start
  Result<UniqueFd> control;       // open_control_socket(); without it nobody can ask
  Result<void> memory_lock;  // Errc::Unavailable: say so and go on; an agent that swaps is slow, not wrong
};

// Call as root, with one thread, early: it forks the launcher. `program_directory`: where imrs-engine,
// imrs-zone and imrs-web are. Nothing is announced or changed outside this process when it fails.
[[nodiscard]] Result<Prepared> prepare(const Config& config, const std::string& program_directory);

}  // namespace imrs::agent
