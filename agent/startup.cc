// From root to almost nothing. Called by main. The order matters: the launcher is forked before the
// device and the sockets are opened, so that it holds none of them (a second holder of anycast0's
// descriptor would keep the routes after the agent's death), but after the lock; privileges go last.
#include "agent/startup.h"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "agent/base/dns_sockets.h"
#include "agent/base/log.h"
#include "agent/privileges.h"
#include "agent/waivers.h"

namespace imrs::agent {
namespace {

LauncherSettings launcher_settings(const UserConfig& users, const std::string& program_directory) {
  return {.program_directory = program_directory,
          .self = {users.launcher_uid, users.launcher_gid},
          .users = {LaunchedUser{users.engine_uid, users.engine_gid},
                    LaunchedUser{users.zone_uid, users.zone_gid}, LaunchedUser{users.web_uid, users.web_gid},
                    LaunchedUser{users.audit_uid, users.audit_gid}}};
}

constexpr std::chrono::milliseconds kLockLimit{2000}, kLockLook{10};

// One agent per device and network namespace: an abstract socket is a lock that vanishes with its last
// holder. A second agent would disable the first one's routes and take half of its queries. The launcher
// holds it too: sockets of a new agent that join the port while an engine of the one before still lives
// would be moved to other places in the steering when that ends. So wait for a predecessor's end, a little.
Result<UniqueFd> lock_instance(const std::string& device) {
  const std::string name = "imrs-agent/" + device;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("socket");
  for (auto waited = kLockLook; waited < kLockLimit; waited += kLockLook) {
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
    if (errno != EADDRINUSE) return system_error("bind of the instance lock");
    std::this_thread::sleep_for(kLockLook);
  }
  return Error{Errc::Refused, "another imrs-agent runs here with device " + device +
                                  "; stop it first (this one has changed nothing)"};
}

// As many descriptors as the system allows: sockets for each address, transport and worker, and probes.
void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Under a flood the engine takes what there is of both cores; who watches it comes first. After the
// launcher was forked, whose children have the ordinary priority.
void prefer_to_the_engine() {
  constexpr int kNice = -10;
  ::setpriority(PRIO_PROCESS, 0, kNice);
}

// One that is right already needs no privilege: imrs-agent.service has none for it (tmpfiles.d makes them).
Result<void> make_directory(const std::string& path, mode_t mode, uid_t uid, gid_t gid) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && status.st_mode == (S_IFDIR | mode) && status.st_uid == uid &&
      status.st_gid == gid) {
    return {};
  }
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return system_error("\"state_directory\": " + path);
  }
  if (::lchown(path.c_str(), uid, gid) == 0 && ::chmod(path.c_str(), mode) == 0) return {};
  return system_error("\"state_directory\": owner and mode of " + path);
}

// The parts of imrs-zone, of the auditor and of imrs-web. A disk that is broken is no reason not to serve.
Result<void> prepare_state_directory(const Config& config) {
  const std::string& state = config.state_directory;
  if (state.empty()) return {};
  const UserConfig& users = config.users;
  if (auto made = make_directory(state, 0755, 0, 0); !made) return made;
  auto made = make_directory(state + "/zones", 0700, users.zone_uid, users.zone_gid);
  if (made) made = make_directory(state + "/image", 0700, users.audit_uid, users.audit_gid);
  if (made) made = make_directory(state + "/rssac002", 0700, users.web_uid, users.web_gid);
  return made ? make_directory(state + "/preflight", 0755, 0, 0) : made;
}

// What another program's user keeps is read as that user: nothing here overrides the modes of files.
template <typename F>
auto as_file_user(uid_t uid, F read) {
  constexpr auto kAsk = static_cast<uid_t>(-1);  // an id that cannot be: only says what it is
  ::setfsuid(uid);
  if (static_cast<uid_t>(::setfsuid(kAsk)) != uid)
    log_warning("setfsuid({}) is refused: what is kept may not be readable", uid);
  auto result = read();
  ::setfsuid(0);
  return result;
}

// Port 53 needs a privilege that imrs-zone does not have, therefore it is opened here and never read.
Result<std::vector<UniqueFd>> open_notify_sockets(const Config& config) {
  const bool wanted = std::ranges::any_of(config.zones,
                                          [](const ZoneConfig& zone) { return !zone.primaries.empty(); });
  if (!wanted || !config.management || config.notify_port == 0) return std::vector<UniqueFd>();
  DnsSocketOptions options;
  options.freebind = true;
  options.receive_buffer = 64 << 10;
  options.backlog = 16;
  std::vector<UniqueFd> sockets;
  for (const Transport transport : kTransports) {
    auto socket = open_dns_socket(config.management->family, transport, config.management->text,
                                  config.notify_port, options);
    if (!socket) {
      return socket.error().within("NOTIFY (another \"management.notify_port\", or 0 to do without)");
    }
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

Result<void> drop_privileges(const UserConfig& users) {
  if (auto limited = limit_bounding_set({CAP_NET_ADMIN, CAP_NET_BIND_SERVICE}); !limited) {
    return limited;
  }
  auto became = become(users.agent_uid, users.agent_gid, {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE});
  if (!became) return became;
  if (auto made = make_undumpable(); !made) return made;
  return forbid_new_privileges();
}

}  // namespace

Result<Prepared> prepare(const Config& config, const std::string& program_directory) {
  if (auto root = require_root(); !root) return root.error();
  allow_many_descriptors();
  auto lock = lock_instance(config.service.device);
  if (!lock) return lock.error();
  auto launcher = start_launcher(launcher_settings(config.users, program_directory));
  if (!launcher) return launcher.error();
  prefer_to_the_engine();
  auto device = AnycastDevice::open();
  if (!device) return device.error();
  auto sockets = ServiceSockets::open(config.service, config.engine.workers);
  if (!sockets) return sockets.error();
  auto notify = open_notify_sockets(config);
  if (!notify) return notify.error();
  auto web = WebLink::open(config);
  if (!web) return web.error();
  auto state = prepare_state_directory(config);
  auto kept_time = as_file_user(config.users.zone_uid,
                                [&] { return read_kept_time(config.state_directory); });
  WallClockWatch clock(read_wall_clock(), kept_time ? std::optional(*kept_time) : std::nullopt);
  auto orders = read_standing_orders(config.state_directory);
  const std::int64_t now = clock.clock().now();
  const auto waived = orders ? waived_by(*orders, now) : std::nullopt;
  auto image = as_file_user(config.users.audit_uid, [&] { return load_kept_image(config, now, waived); });
  auto control = config.control_socket.empty() ? Result<UniqueFd>(UniqueFd())
                                               : open_control_socket(config.control_socket);
  auto locked = lock_memory();
  if (!locked && locked.error().code != Errc::Unavailable) return locked.error();
  if (auto dropped = drop_privileges(config.users); !dropped) return dropped.error();
  return Prepared{.launcher = std::move(*launcher),
                  .only_one = std::move(*lock),
                  .device = std::move(*device),
                  .sockets = std::move(*sockets),
                  .notify = std::move(*notify),
                  .web = std::move(*web),
                  .state = std::move(state),
                  .kept_time = std::move(kept_time),
                  .clock = std::move(clock),
                  .image = std::move(image),
                  .orders = std::move(orders),
                  .control = std::move(control),
                  .memory_lock = std::move(locked)};
}

}  // namespace imrs::agent
