// TCP. Called by the worker's loop. It must never let a connection hold memory without bound or a
// worker for longer than one read: a slow reader is not read from, and dropped when it stands still.
//
// A connection that waits holds no buffers: queries are read into, and answers written to, memory that all
// connections share; only what is left over is kept with the connection.
#include "dns/engine/tcp_server.h"

#include <strings.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "dns/engine/peer_address.h"
#include "dns/wire/bytes.h"

namespace imrs::engine {
namespace {

// Few: between them others are closed, and the kernel makes the next connection of what is still in the cache
// (about a tenth less per connection than with 64, by tests/bench/compare's tcp-new).
constexpr int kAcceptsPerTurn = 4;
constexpr std::chrono::microseconds kAcceptTime{250};  // of a turn, for one public listener
constexpr std::size_t kLength = TcpFraming::kLength;
constexpr std::size_t kReadSize = kLength + TcpFraming::kMaxQuery;
constexpr std::size_t kMaxSpare = 64;

}  // namespace

TcpServer::TcpServer(int epoll_fd, std::uint64_t tag, TcpLimits limits, HashKey client_key, WorkerPage& page,
                     Answerer& answerer)
    : epoll_(epoll_fd),
      tag_(tag),
      limits_(limits),
      page_(page),
      answerer_(answerer),
      shares_(client_key),
      received_(kReadSize),
      answers_(limits.output + kLength + answer::kMaxResponse) {}

void TcpServer::accept(int listener, TrafficCounters* counters, Clock::time_point now) {
  const auto end = Clock::now() + kAcceptTime;
  for (int i = 0; i < kAcceptsPerTurn && (i == 0 || counters == nullptr || Clock::now() < end); ++i) {
    sockaddr_storage peer;
    socklen_t size = sizeof peer;
    UniqueFd fd(::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd && (errno == EMFILE || errno == ENFILE)) {
      if (close_oldest()) continue;
      return count(page_.tcp_rejected);  // it waits on: what the agent then misses is no silence
    }
    if (!fd) return;
    const auto address = address_of(peer);
    if (make_room(address, counters)) add(std::move(fd), address, counters, now);
  }
}

// False: there is no place for a new connection of that client.
bool TcpServer::make_room(std::span<const std::uint8_t> address, const TrafficCounters* counters) {
  if (counters == nullptr) return open_probes_ < limits_.probe_connections;
  if (shares_.of(address) >= limits_.per_client) {
    count(page_.tcp_rejected);
    return false;
  }
  if (open_public_ >= limits_.connections) (void)close_oldest();
  return true;
}

void TcpServer::serve(std::uint32_t slot, Clock::time_point now) {
  if (slot >= connections_.size() || !connections_[slot]) return;  // closed earlier in this turn
  Connection& connection = *connections_[slot];
  const bool alive = exchange(connection, now);
  account(connection);
  if (!alive || (connection.finished && connection.output.empty()) || !watch(slot, connection)) close(slot);
  while (held_ > limits_.held && close_oldest(true)) {
  }
}

void TcpServer::account(Connection& connection) noexcept {
  if (connection.counters == nullptr) return;
  const std::size_t now = connection.input.capacity() + connection.output.capacity();
  held_ += now - connection.held;
  connection.held = now;
}

bool TcpServer::is_probe(std::uint32_t slot) const noexcept {
  return slot < connections_.size() && connections_[slot] && connections_[slot]->counters == nullptr;
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

void TcpServer::forget() noexcept {
  ::explicit_bzero(received_.data(), used_);
  used_ = 0;
}

void TcpServer::add(UniqueFd fd, std::span<const std::uint8_t> address, TrafficCounters* counters,
                    Clock::time_point now) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(connections_.size()));
    connections_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  if (spare_.empty()) spare_.push_back(std::make_unique<Connection>());
  auto connection = std::move(spare_.back());
  spare_.pop_back();
  connection->fd = std::move(fd);
  std::ranges::copy(address, connection->address.begin());
  connection->address_size = static_cast<std::uint8_t>(address.size());
  connection->counters = counters;
  connection->opened = connection->progress = now;
  connections_[slot] = std::move(connection);
  if (counters != nullptr) ++shares_.of(address);
  ++(counters != nullptr ? open_public_ : open_probes_);
  if (counters != nullptr) count(page_.tcp_accepted);
  page_.tcp_connections.store(open_public_, std::memory_order_relaxed);
  serve(slot, now);
}

void TcpServer::close(std::size_t slot) {
  auto connection = std::move(connections_[slot]);
  const bool is_public = connection->counters != nullptr;
  if (is_public) --shares_.of(std::span(connection->address).first(connection->address_size));
  --(is_public ? open_public_ : open_probes_);
  held_ -= connection->held;
  free_.push_back(static_cast<std::uint32_t>(slot));
  page_.tcp_connections.store(open_public_, std::memory_order_relaxed);
  *connection = Connection();  // closes the descriptor, forgets the address, frees the buffers
  if (spare_.size() < kMaxSpare) spare_.push_back(std::move(connection));
}

// A full table, no descriptor or no memory left: whoever has been still for longest makes room (RFC 7766
// section 6.2.2), of all or of those who hold memory. False: there is nobody.
bool TcpServer::close_oldest(bool who_holds) {
  std::size_t oldest = connections_.size();
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    const auto& connection = connections_[slot];
    if (!connection || connection->counters == nullptr || (who_holds && connection->held == 0)) continue;
    if (oldest == connections_.size() || connection->progress < connections_[oldest]->progress) {
      oldest = slot;
    }
  }
  if (oldest == connections_.size()) return false;
  close(oldest);
  count(page_.tcp_rejected);
  return true;
}

// Sends what waits; then reads once and answers, as long as the client takes the answers. False: the
// connection is of no use any more.
bool TcpServer::exchange(Connection& connection, Clock::time_point now) {
  if (!flush(connection, now)) return false;
  if (!connection.output.empty()) return true;
  std::size_t size = 0;
  if (!read_queries(connection, size, now)) return false;
  return answer_all(connection, std::span(received_).first(size), now);
}

// What was left of the stream and what has come since, into received_.
bool TcpServer::read_queries(Connection& connection, std::size_t& size, Clock::time_point now) {
  size = connection.input.size();
  std::ranges::copy(connection.input, received_.begin());
  if (connection.finished || size == received_.size()) return true;
  const ssize_t n = ::recv(connection.fd.get(), received_.data() + size, received_.size() - size,
                           MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) {
    connection.finished = true;
    return true;
  }
  connection.progress = now;
  size += static_cast<std::size_t>(n);
  used_ = std::max(used_, size);
  return true;
}

// Answers the messages of the stream, all that fits into the output at a time, until nothing is left or the
// client does not take more.
bool TcpServer::answer_all(Connection& connection, std::span<const std::uint8_t> stream,
                           Clock::time_point now) {
  const answer::Client client{Transport::Tcp, std::span(connection.address).first(connection.address_size)};
  TcpFraming framing(stream);
  bool more = true;
  while (more && connection.output.empty()) {
    const auto received = answerer_.received();
    std::size_t size = 0, queries = 0;
    while (size < limits_.output) {
      const auto query = framing.next();
      more = !query.empty();
      if (!more) break;
      ++queries;
      const auto room = std::span(answers_).subspan(size + kLength);
      const answer::Outcome outcome = answerer_.answer(client, query, room, connection.counters);
      if (outcome.size == 0) continue;
      wire::store_u16(answers_.data() + size, static_cast<std::uint16_t>(outcome.size));
      size += kLength + outcome.size;
    }
    answerer_.rest();
    if (size > 0 && !send_scratch(connection, size, now)) return false;
    if (connection.counters != nullptr) answerer_.handed_over(Transport::Tcp, queries, received);
  }
  if (framing.broken()) connection.finished = true;
  const auto rest = framing.broken() ? std::span<const std::uint8_t>() : framing.rest();
  connection.input = std::vector<std::uint8_t>(rest.begin(), rest.end());  // empty: no memory
  return true;
}

// Sends the first `size` octets of answers_; what the client does not take is kept for it.
bool TcpServer::send_scratch(Connection& connection, std::size_t size, Clock::time_point now) {
  const ssize_t n = ::send(connection.fd.get(), answers_.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
  const auto sent = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
  if (sent > 0) connection.progress = now;
  if (sent == size) return true;
  connection.output.assign(answers_.begin() + static_cast<std::ptrdiff_t>(sent),
                           answers_.begin() + static_cast<std::ptrdiff_t>(size));
  connection.sent = 0;
  return true;
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
  connection.output = {};
  connection.sent = 0;
  return true;
}

// Waits for room to write while something is left to be sent, otherwise for queries. False: it cannot be
// watched.
bool TcpServer::watch(std::size_t slot, Connection& connection) {
  const bool wants_room = !connection.output.empty();
  if (connection.watched && wants_room == connection.waits_for_room) return true;
  epoll_event event{};
  event.events = wants_room ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
  event.data.u64 = tag_ | slot;
  const int operation = connection.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  connection.watched = true;
  connection.waits_for_room = wants_room;
  return ::epoll_ctl(epoll_, operation, connection.fd.get(), &event) == 0;
}

}  // namespace imrs::engine
