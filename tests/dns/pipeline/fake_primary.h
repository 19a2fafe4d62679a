// tests/dns/pipeline/fake_primary.h
// A primary of the zone "example." that says what a test wants, also what no real one would: it announces
// one serial and transfers another. One thread of its own; ends with the object.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <thread>

#include "agent/base/unique_fd.h"
#include "tests/dns/transfer/messages.h"

namespace imrs::test {

class FakePrimary {
 public:
  struct Says {
    std::uint32_t announced = 0;
    std::optional<std::uint32_t> transferred = {};  // nothing: as announced
    bool damaged = false;                           // the apex NS is missing
    std::vector<Octets> differences = {};           // the answer to IXFR; none: the whole zone
    bool knows_ixfr = true;
  };

  explicit FakePrimary(const Says& says)
      : says_(says),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        stop_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_.get(), 8);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { run(); });
  }
  FakePrimary(const FakePrimary&) = delete;
  FakePrimary& operator=(const FakePrimary&) = delete;
  ~FakePrimary() { (void)::eventfd_write(stop_.get(), 1); }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  bool readable(int fd) const {
    std::array<pollfd, 2> watch{{{fd, POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    return ::poll(watch.data(), watch.size(), 10000) > 0 && watch[1].revents == 0;
  }

  void run() const {
    while (readable(listener_.get())) {
      const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      while (readable(peer.get()) && answer(peer.get())) {
      }
    }
  }

  // A query of this project comes in one segment: length, header, "example.", type, class.
  bool answer(int peer) const {
    constexpr std::size_t kType = 2 + 12 + 9;
    std::array<std::uint8_t, 512> query{};
    const ssize_t size = ::recv(peer, query.data(), query.size(), 0);
    if (size < static_cast<ssize_t>(kType + 2)) return false;
    const std::uint16_t id = wire::load_u16(query.data() + 2);
    const std::uint16_t type = wire::load_u16(query.data() + kType);
    const bool unknown = type == wire::rrtype::IXFR && !says_.knows_ixfr;
    const std::uint16_t flags = unknown ? kResponse | wire::rcode::NotImp : kResponse;
    const Octets out = framed(message({.id = id,
                                       .flags = flags,
                                       .type = type,
                                       .answers = unknown ? std::vector<Octets>() : records(type)}));
    return ::send(peer, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size());
  }

  [[nodiscard]] std::vector<Octets> records(std::uint16_t type) const {
    if (type == wire::rrtype::SOA) return {soa(says_.announced)};
    if (type == wire::rrtype::IXFR && !says_.differences.empty()) return says_.differences;
    const Octets last = soa(says_.transferred.value_or(says_.announced));
    return says_.damaged ? std::vector{last, last} : std::vector{last, ns(), last};
  }

  Says says_;
  UniqueFd listener_, stop_;
  std::uint16_t port_ = 0;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace imrs::test
