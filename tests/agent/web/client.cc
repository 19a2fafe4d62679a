#include "client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "exhibit.h"

namespace imrs::web {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

TestListener listen_somewhere() {
  TestListener listener;
  listener.socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = loopback(0);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener.socket.get(), generic, sizeof address), 0);
  EXPECT_EQ(::listen(listener.socket.get(), 128), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(listener.socket.get(), generic, &size), 0);
  listener.port = ntohs(address.sin_port);
  return listener;
}

Client::Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in address = loopback(port);
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
      << std::strerror(errno);
}

void Client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;  // the server has closed: what it said before is still to be read
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool Client::read_some() {
  pollfd watch{fd_.get(), POLLIN, 0};
  const auto limit = std::chrono::milliseconds(kPatience).count();
  if (::poll(&watch, 1, static_cast<int>(limit)) <= 0) return false;
  std::array<char, 8192> bytes;
  const ssize_t n = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (n <= 0) {
    ended_ = true;
    return false;
  }
  buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

std::optional<std::string> Client::read_to_end() {
  while (read_some()) {
  }
  if (!ended_) return std::nullopt;
  return buffer_;
}

std::string Client::read_reply(bool head) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_some()) return buffer_;
  }
  end += 4;
  const std::size_t length = buffer_.find("Content-Length: ");
  if (!head && length < end) end += std::stoul(buffer_.substr(length + 16));
  while (buffer_.size() < end && read_some()) {
  }
  std::string reply = buffer_.substr(0, end);
  buffer_.erase(0, end);
  return reply;
}

std::string get(std::uint16_t port, std::string_view target) {
  Client client(port);
  client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  return client.read_to_end().value_or("no end");
}

void send_setup(const Channel& agent, int noc, int ops) {
  const std::string text = to_json(sample_settings());
  auto settings = make_sealed_memfd("settings",
                                    {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  ASSERT_TRUE(settings.ok());
  WebSetup setup;
  const auto counters = counts::Pages::make(sample_settings().workers);
  ASSERT_TRUE(counters.ok());
  setup.noc_sockets = 1;
  setup.ops_sockets = 1;
  const std::array fds{settings->get(), counters->get(), noc, ops};
  ASSERT_TRUE(agent.send_message(setup, fds).ok());
}

void send_snapshot(const Channel& agent, const Snapshot& snapshot) {
  const std::string text = to_json(snapshot);
  std::vector<std::uint8_t> bytes(sizeof kWebSnapshot + text.size());
  std::memcpy(bytes.data(), &kWebSnapshot, sizeof kWebSnapshot);
  std::memcpy(bytes.data() + sizeof kWebSnapshot, text.data(), text.size());
  if (bytes.size() <= kMaxPacket) {
    ASSERT_TRUE(agent.send(bytes).ok());
    return;
  }
  const auto memfd = make_sealed_memfd("snapshot", std::span(bytes).subspan(sizeof kWebSnapshot));
  ASSERT_TRUE(memfd.ok());
  const std::array fds{memfd->get()};
  ASSERT_TRUE(agent.send(std::span(bytes).first(sizeof kWebSnapshot), fds).ok());
}

}  // namespace imrs::web
