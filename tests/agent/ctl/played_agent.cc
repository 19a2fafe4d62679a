// The agent's part in tests of imrsctl. Each connection: a line in, a line out, and it ends.
#include "tests/agent/ctl/played_agent.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <chrono>
#include <cstring>

namespace imrs::ctl {

PlayedAgent::PlayedAgent(std::string socket, Snapshot snapshot, std::function<std::string()> on_upgrade)
    : snapshot_(std::move(snapshot)),
      on_upgrade_(std::move(on_upgrade)),
      socket_(std::move(socket)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  (void)::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  (void)::listen(listener_.get(), 8);
  thread_ = std::thread([this] { serve(); });
}

PlayedAgent::~PlayedAgent() {
  ends_ = true;
  thread_.join();
  ::unlink(socket_.c_str());
}

void PlayedAgent::show(const Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  snapshot_ = snapshot;
}

void PlayedAgent::serve() {
  while (!ends_) {
    pollfd waits{listener_.get(), POLLIN, 0};
    if (::poll(&waits, 1, 20) != 1) continue;
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 1024> request{};
    const ssize_t n = ::recv(connection.get(), request.data(), request.size(), 0);
    if (n <= 0) continue;
    const std::string text = answer(std::string(request.data(), static_cast<std::size_t>(n))) + "\n";
    (void)::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
}

std::string PlayedAgent::answer(const std::string& request) {
  using std::chrono::system_clock;
  if (request.find("upgrade") != std::string::npos) {
    ++upgrades_;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(system_clock::now().time_since_epoch());
    const std::string text = on_upgrade_();
    const std::lock_guard lock(mutex_);
    history_.push_back({now.count(), "order", text});
    return R"({"text": "begun"})";
  }
  const std::lock_guard lock(mutex_);
  return request.starts_with("history") ? history_json(history_) : to_json(snapshot_);
}

}  // namespace imrs::ctl
