// The agent's words to systemd, or to whatever plays its part. Called by the supervisor.
#include "agent/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace imrs::agent {
namespace {

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string out = value == nullptr ? "" : value;
  ::unsetenv(name);
  return out;
}

// "@name" is an abstract socket.
UniqueFd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return UniqueFd();
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return UniqueFd();
  return fd;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  const std::string path = take_variable("NOTIFY_SOCKET"), interval = take_variable("WATCHDOG_USEC");
  manager.socket_ = connect_to(path);
  if (!path.empty()) manager.environment_.push_back("NOTIFY_SOCKET=" + path);
  if (!interval.empty()) manager.environment_.push_back("WATCHDOG_USEC=" + interval);
  std::int64_t microseconds = 0;
  std::from_chars(interval.data(), interval.data() + interval.size(), microseconds);
  if (microseconds > 0) manager.watchdog_ = std::chrono::microseconds(microseconds);
  return manager;
}

void ServiceManager::say(std::string_view state) const {
  if (socket_) (void)!::send(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL);
}

void ServiceManager::beat(std::chrono::steady_clock::time_point now) {
  if (!watchdog_ || now - last_ < *watchdog_ / 4) return;
  last_ = now;
  say("WATCHDOG=1");
}

}  // namespace imrs::agent
