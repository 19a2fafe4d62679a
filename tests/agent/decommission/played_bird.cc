// See played_bird.h.
#include "played_bird.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace imrs::decommission {
namespace {

void say(int fd, const std::string& text) { (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL); }

// Without its newline; false: the connection has ended.
bool read_command(int fd, std::string& command) {
  command.clear();
  for (char c = 0; ::read(fd, &c, 1) == 1; command += c) {
    if (c == '\n') return true;
  }
  return false;
}

}  // namespace

PlayedBird::PlayedBird(std::string path, std::map<std::string, std::string> replies)
    : path_(std::move(path)), replies_(std::move(replies)), listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) std::abort();
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
  if (::listen(listener_.get(), 4) != 0) std::abort();
  thread_ = std::thread([this] { serve(); });
}

PlayedBird::~PlayedBird() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // accept(2) returns
  thread_.join();
  ::unlink(path_.c_str());
}

void PlayedBird::serve() {
  for (;;) {
    const UniqueFd connection(::accept(listener_.get(), nullptr, nullptr));
    if (!connection) return;
    say(connection.get(), "0001 BIRD 2.0.12 ready.\n");
    std::string command;
    while (read_command(connection.get(), command)) {
      const auto reply = replies_.find(command);
      say(connection.get(), reply == replies_.end() ? "9001 syntax error\n" : reply->second);
    }
  }
}

}  // namespace imrs::decommission
