// One thread, an open loop up to kMostUnanswered: what is due by the clock is sent, then what has come is
// read. Called by the tests of the rate limit.
#include "tests/dns/engine/paced_client.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::test {
namespace {

constexpr std::size_t kBurst = 64;  // sent at most before answers are read: then no buffer overflows
constexpr int kTickUs = 500;
constexpr std::uint8_t kTcBit = 2;  // of the third octet

UniqueFd open_socket(const char* source, std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int room = 4 << 20;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0) {
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }
  sockaddr_in own{}, server{};
  own.sin_family = server.sin_family = AF_INET;
  server.sin_port = htons(port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::inet_pton(AF_INET, source, &own.sin_addr);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    std::perror("paced client");
    std::abort();
  }
  return fd;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

PacedClient::PacedClient(std::uint16_t port, Pace pace) : port_(port), pace_(pace) {
  for (std::size_t i = 0; i < kSockets; ++i) sockets_.push_back(open_socket(pace_.source, port_));
}

PacedCounts PacedClient::run(const std::function<Octets(std::size_t)>& query) {
  for (std::size_t i = 0; i < pace_.count; ++i) {
    queries_.push_back(query(i));
    wire::store_u16(queries_.back().data(), static_cast<std::uint16_t>(i / kSockets));
  }
  answered_.assign(pace_.count, false);
  const auto start = Clock::now();
  ask_all(start);
  counts_.asking = seconds_since(start);
  while (counts_.answered() < sent_ && receive(kPatienceMs * 1000)) {
  }
  counts_.all = seconds_since(start);
  return counts_;
}

void PacedClient::ask_all(Clock::time_point start) {
  while (sent_ < pace_.count) {
    send_what_is_due(start);
    if (sent_ < pace_.count && sent_ - counts_.answered() >= kMostUnanswered) {
      const auto from = Clock::now();
      const bool came = receive(kPatienceMs * 1000);
      counts_.held += seconds_since(from);
      if (!came) return;
    } else {
      (void)receive(kTickUs);
    }
  }
}

void PacedClient::send_what_is_due(Clock::time_point start) {
  const auto due = static_cast<std::size_t>(seconds_since(start) * static_cast<double>(pace_.rate));
  const std::size_t room = kMostUnanswered - (sent_ - counts_.answered());
  const std::size_t end = std::min({due, sent_ + std::min(kBurst, room), pace_.count});
  for (; sent_ < end; ++sent_) {
    const Octets& query = queries_[sent_];
    const int fd = sockets_[sent_ % kSockets].get();
    if (::send(fd, query.data(), query.size(), 0) < 0) ++counts_.not_sent;
  }
}

// All that is there, after waiting so long at most for the first; false: nothing came.
bool PacedClient::receive(int wait_us) {
  std::array<pollfd, kSockets> watch{};
  for (std::size_t i = 0; i < kSockets; ++i) watch[i] = {sockets_[i].get(), POLLIN, 0};
  const timespec patience{wait_us / 1000000, (wait_us % 1000000) * 1000L};
  if (::ppoll(watch.data(), watch.size(), &patience, nullptr) <= 0) return false;
  std::array<std::uint8_t, wire::kMaxUdpResponse + 1> answer;
  for (std::size_t i = 0; i < kSockets; ++i) {
    ssize_t n = 0;
    while ((n = ::recv(sockets_[i].get(), answer.data(), answer.size(), 0)) >= 0) {
      take(i, std::span(answer).first(static_cast<std::size_t>(n)));
    }
  }
  return true;
}

void PacedClient::take(std::size_t socket, std::span<const std::uint8_t> answer) {
  const std::size_t number = answer.size() < wire::kHeaderSize
                                 ? pace_.count
                                 : wire::load_u16(answer.data()) * kSockets + socket;
  if (number >= sent_ || answered_[number]) {
    ++counts_.unasked;
    return;
  }
  answered_[number] = true;
  const bool is_cut = (answer[2] & kTcBit) != 0;
  ++(is_cut ? counts_.cut : counts_.whole);
  if (is_cut && pace_.asks_by_tcp && ask_again(number)) ++counts_.by_tcp;
}

// True: there is a whole answer by TCP.
bool PacedClient::ask_again(std::size_t number) {
  if (!tcp_.valid()) tcp_ = connect_to(Family::V4, Transport::Tcp, port_);
  const Octets answer = ask_tcp(tcp_.get(), queries_[number]);
  if (counts_.before_tcp == 0) counts_.before_tcp = sent_ - number;
  return answer.size() >= wire::kHeaderSize && (answer[2] & kTcBit) == 0;
}

}  // namespace imrs::test
