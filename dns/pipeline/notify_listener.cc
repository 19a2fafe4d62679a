// Answers NOTIFY on the management address. Called by the child's loop. A message from a stranger costs a
// refusal and nothing else: it never makes a primary be asked.
#include "dns/pipeline/notify_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/base/log.h"
#include "dns/transfer/notify.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::pipeline {
namespace {

constexpr int kMessagesInARow = 64;
constexpr std::size_t kMaxMessage = 4096;
constexpr std::chrono::seconds kLogInterval{10};

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* octets = address.ss_family == AF_INET
                           ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                           : &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (::inet_ntop(address.ss_family, octets, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

}  // namespace

NotifyListener::NotifyListener(Sockets sockets, const ZoneSettings& settings,
                               std::vector<transfer::TsigKey> keys, Clock clock)
    : sockets_(std::move(sockets)),
      zones_(settings.zones),
      keys_(std::move(keys)),
      clock_(std::move(clock)) {}

void NotifyListener::wait(std::chrono::steady_clock::time_point until) const {
  // poll takes a descriptor below zero as none.
  std::vector<pollfd> watched{{sockets_.udp.get(), POLLIN, 0}, {sockets_.tcp.get(), POLLIN, 0}};
  for (const Connection& connection : connections_) {
    watched.push_back({connection.fd.get(), POLLIN, 0});
    until = std::min(until, connection.end);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  (void)::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
}

std::vector<wire::Name> NotifyListener::read() {
  std::vector<wire::Name> changed;
  read_udp(changed);
  accept_connections();
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(connections_, [&](Connection& connection) {
    return !read_connection(connection, changed) || now >= connection.end;
  });
  return changed;
}

std::vector<std::uint8_t> NotifyListener::take(std::vector<std::uint8_t> message, const std::string& from,
                                               std::vector<wire::Name>& changed) {
  Outcome outcome = judge(std::move(message), from);
  if (!outcome.refused.empty()) log_refusal(from, outcome.refused);
  if (outcome.changed) changed.push_back(std::move(*outcome.changed));
  return std::move(outcome.response);
}

void NotifyListener::read_udp(std::vector<wire::Name>& changed) {
  std::vector<std::uint8_t> message;
  for (int i = 0; i < kMessagesInARow; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    message.resize(kMaxMessage);
    const ssize_t n = ::recvfrom(sockets_.udp.get(), message.data(), message.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&peer), &size);
    if (n < 0) return;
    message.resize(static_cast<std::size_t>(n));
    const auto response = take(message, text_of(peer), changed);
    if (response.empty()) continue;
    (void)::sendto(sockets_.udp.get(), response.data(), response.size(), MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr*>(&peer), size);
  }
}

void NotifyListener::accept_connections() {
  for (std::size_t i = 0; i < kMaxConnections; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    UniqueFd fd(::accept4(sockets_.tcp.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    if (connections_.size() == kMaxConnections) connections_.erase(connections_.begin());
    connections_.push_back(
        {std::move(fd), text_of(peer), std::chrono::steady_clock::now() + kConnectionLimit, {}});
  }
}

// What a client sends at once is read at once; what it sends later has its turn then.
bool NotifyListener::read_connection(Connection& connection, std::vector<wire::Name>& changed) {
  std::array<std::uint8_t, kMaxMessage> octets;
  const ssize_t n = ::recv(connection.fd.get(), octets.data(), octets.size(), MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  connection.stream.feed(std::span(octets).first(static_cast<std::size_t>(n)));
  if (connection.stream.waiting() > kMaxMessage) return false;
  while (auto message = connection.stream.next()) {
    const auto response = take(std::move(*message), connection.from, changed);
    if (response.empty()) return false;
    std::vector<std::uint8_t> framed;
    wire::ByteWriter writer(framed);
    writer.u16(static_cast<std::uint16_t>(response.size()));
    writer.put(response);
    const ssize_t sent = ::send(connection.fd.get(), framed.data(), framed.size(),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != static_cast<ssize_t>(framed.size())) return false;
  }
  return true;
}

void NotifyListener::log_refusal(const std::string& from, const std::string& why) {
  ++refusals_;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_log_) return;
  log_warning("NOTIFY from {} refused: {} ({} refused since the last such line)", from, why, refusals_);
  refusals_ = 0;
  next_log_ = now + kLogInterval;
}

NotifyListener::Outcome NotifyListener::judge(std::vector<std::uint8_t> message,
                                              const std::string& from) const {
  using Signature = transfer::CheckedRequest::Outcome;
  auto request = transfer::check_request(message, keys_, clock_());
  auto notify = request ? transfer::read_notify(message) : Result<transfer::Notify>(request.error());
  if (!notify) return {};
  const auto answer = [&](std::uint16_t rcode, std::string refused) {
    Outcome outcome{transfer::make_notify_response(*notify, rcode), {}, std::move(refused)};
    transfer::sign_response(outcome.response, *request, clock_());
    return outcome;
  };
  if (request->outcome != Signature::NotSigned && request->outcome != Signature::Good) {
    return answer(wire::rcode::NotAuth, "its signature by " + request->key_name.text() + " is not good");
  }
  const auto zone = std::ranges::find(zones_, notify->origin.lower().text(), &ZoneConfig::origin);
  if (zone == zones_.end() || zone->primaries.empty()) {
    return answer(wire::rcode::NotAuth, notify->origin.text() + " is no zone that comes from primaries");
  }
  const bool may = std::ranges::any_of(zone->primaries, [&](const PrimaryConfig& primary) {
    if (request->key != nullptr) return primary.key == request->key->name.text();
    return primary.key.empty() && primary.address.text == from;
  });
  if (!may) return answer(wire::rcode::Refused, "not from a primary of " + zone->origin + ", or not signed");
  Outcome taken = answer(wire::rcode::NoError, "");
  taken.changed = notify->origin;
  return taken;
}

}  // namespace imrs::pipeline
