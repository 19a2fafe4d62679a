// TCP. Called by the worker's loop. It must never let a connection hold memory without bound or a
// worker for longer than one read: a slow reader is not read from, and dropped when it stands still.
#include "dns/engine/tcp_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "dns/engine/traffic.h"
#include "dns/wire/bytes.h"

namespace imrs::engine {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr std::size_t kLength = 2;

}  // namespace

TcpServer::TcpServer(int epoll_fd, std::uint64_t tag, TcpLimits limits, WorkerPage& page)
    : epoll_(epoll_fd), tag_(tag), limits_(limits), page_(page), response_(answer::kMaxResponse) {}

void TcpServer::accept(int listener, TrafficCounters* counters, Clock::time_point now) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd && (errno == EMFILE || errno == ENFILE)) {
      if (close_oldest()) continue;
      return count(page_.tcp_rejected);  // it waits on: what the agent then misses is no silence
    }
    if (!fd) return;
    const bool full = counters != nullptr ? open_public_ >= limits_.connections
                                          : open_probes_ >= limits_.probe_connections;
    if (full && counters == nullptr) continue;
    if (full) (void)close_oldest();
    add(std::move(fd), counters, now);
  }
}

void TcpServer::serve(std::uint32_t slot, const image::Image& image, const answer::Identity& identity,
                      Clock::time_point now) {
  if (slot >= connections_.size() || !connections_[slot]) return;  // closed earlier in this turn
  Connection& connection = *connections_[slot];
  bool alive = flush(connection, now) && answer_waiting(connection, image, identity, now);
  if (alive && connection.output.empty() && !connection.finished) {
    alive = read_queries(connection, now) && answer_waiting(connection, image, identity, now);
  }
  if (!alive || (connection.finished && connection.output.empty())) return close(slot);
  watch(slot, connection);
}

void TcpServer::expire(Clock::time_point now) {
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    if (!connections_[slot]) continue;
    const Connection& connection = *connections_[slot];
    if (now - connection.progress >= limits_.idle || now - connection.opened >= limits_.total) {
      close(slot);
    }
  }
}

void TcpServer::add(UniqueFd fd, TrafficCounters* counters, Clock::time_point now) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(connections_.size()));
    connections_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = tag_ | slot;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd.get(), &event) != 0) return;
  free_.pop_back();
  auto connection = std::make_unique<Connection>();
  connection->fd = std::move(fd);
  connection->counters = counters;
  connection->opened = connection->progress = now;
  connections_[slot] = std::move(connection);
  ++(counters != nullptr ? open_public_ : open_probes_);
  page_.tcp_connections.store(open_public_, std::memory_order_relaxed);
}

void TcpServer::close(std::size_t slot) {
  --(connections_[slot]->counters != nullptr ? open_public_ : open_probes_);
  connections_[slot].reset();
  free_.push_back(static_cast<std::uint32_t>(slot));
  page_.tcp_connections.store(open_public_, std::memory_order_relaxed);
}

// A full table, or no descriptor left: whoever has been still for longest makes room (RFC 7766 section
// 6.2.2). False: there is nobody.
bool TcpServer::close_oldest() {
  std::size_t oldest = connections_.size();
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    const auto& connection = connections_[slot];
    if (!connection || connection->counters == nullptr) continue;
    if (oldest == connections_.size() || connection->progress < connections_[oldest]->progress) {
      oldest = slot;
    }
  }
  if (oldest == connections_.size()) return false;
  close(oldest);
  count(page_.tcp_rejected);
  return true;
}

// Reads once; false: the connection is of no use any more.
bool TcpServer::read_queries(Connection& connection, Clock::time_point now) {
  const std::span<std::uint8_t> room = connection.framing.room();
  const ssize_t n = ::recv(connection.fd.get(), room.data(), room.size(), MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) {
    connection.finished = true;
    return true;
  }
  connection.progress = now;
  connection.framing.received(static_cast<std::size_t>(n));
  return true;
}

// Answers what has been read until nothing is left or the client does not take more. What answers are
// not wanted for stays in the framing, which therefore must be empty of whole messages before a read.
bool TcpServer::answer_waiting(Connection& connection, const image::Image& image,
                               const answer::Identity& identity, Clock::time_point now) {
  while (connection.output.empty()) {
    answer(connection, image, identity);
    if (connection.output.empty()) return true;
    if (!flush(connection, now)) return false;
  }
  return true;
}

void TcpServer::answer(Connection& connection, const image::Image& image, const answer::Identity& identity) {
  while (connection.output.size() < limits_.output) {
    const auto query = connection.framing.next();
    if (query.empty()) break;
    const answer::Outcome outcome = answer::respond(image, identity, Transport::Tcp, query, response_);
    if (connection.counters != nullptr) {
      count_query(*connection.counters, query.size(), outcome);
    } else {
      count(page_.probes);
    }
    if (outcome.size == 0) continue;
    std::uint8_t length[kLength];
    wire::store_u16(length, static_cast<std::uint16_t>(outcome.size));
    connection.output.insert(connection.output.end(), length, length + kLength);
    connection.output.insert(connection.output.end(), response_.begin(),
                             response_.begin() + static_cast<std::ptrdiff_t>(outcome.size));
  }
  if (connection.framing.broken()) connection.finished = true;
}

bool TcpServer::flush(Connection& connection, Clock::time_point now) {
  while (connection.sent < connection.output.size()) {
    const ssize_t n = ::send(connection.fd.get(), connection.output.data() + connection.sent,
                             connection.output.size() - connection.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    connection.sent += static_cast<std::size_t>(n);
    connection.progress = now;
  }
  connection.output.clear();
  connection.sent = 0;
  return true;
}

// Waits for room to write while something is left to be sent, otherwise for queries.
void TcpServer::watch(std::size_t slot, Connection& connection) {
  const bool wants_room = !connection.output.empty();
  if (wants_room == connection.waits_for_room) return;
  connection.waits_for_room = wants_room;
  epoll_event event{};
  event.events = wants_room ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
  event.data.u64 = tag_ | slot;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd.get(), &event);
}

}  // namespace imrs::engine
