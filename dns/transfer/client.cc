// Sockets to a primary. Called by imrs-zone, which may wait here: it has nothing else to do. Every wait is
// a poll with what is left until a deadline.
#include "dns/transfer/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cerrno>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::transfer {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<SocketAddress> to_address(const std::string& text, std::uint16_t port) {
  SocketAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof *v6;
  } else {
    return Error{Errc::InvalidInput, "\"" + text + "\" is not an address"};
  }
  return out;
}

// Until the socket is ready for `events`.
Result<void> wait_for(int fd, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return Error{Errc::Timeout, "no answer in time"};
    pollfd watch{fd, events, 0};
    const int ready = ::poll(&watch, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_error("poll");
  }
}

Result<void> bind_source(int fd, const std::string& source, int family) {
  if (source.empty()) return {};
  auto address = to_address(source, 0);
  if (!address) return address.error();
  if (address->storage.ss_family != family) {
    return Error{Errc::InvalidInput,
                 "the management address " + source + " is not of the primary's address family"};
  }
  if (::bind(fd, address->get(), address->size) != 0) {
    return system_error("bind to the management address " + source);
  }
  return {};
}

Result<void> connect_socket(int fd, const SocketAddress& address, Clock::time_point deadline) {
  if (::connect(fd, address.get(), address.size) == 0) return {};
  if (errno != EINPROGRESS) return system_error("connect");
  if (auto ready = wait_for(fd, POLLOUT, deadline); !ready) return ready.error().within("connect");
  int failure = 0;
  socklen_t size = sizeof failure;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0) return system_error("connect");
  return failure == 0 ? Result<void>() : system_error("connect", failure);
}

Result<std::uint16_t> random_id() {
  std::uint16_t id = 0;
  if (::getrandom(&id, sizeof id, 0) != sizeof id) return system_error("getrandom");
  return id;
}

}  // namespace

std::string Primary::text() const { return address + " port " + std::to_string(port); }

Client::Client(UniqueFd socket, const Limits& limits, const std::optional<TsigKey>& key, imrs::Clock clock)
    : socket_(std::move(socket)), limits_(limits), clock_(std::move(clock)) {
  if (key) tsig_.emplace(*key);
}

Result<Client> Client::connect(const Primary& primary, const std::string& source, const Limits& limits,
                               imrs::Clock clock) {
  auto address = to_address(primary.address, primary.port);
  if (!address) return address.error();
  const int family = address->storage.ss_family;
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return system_error("socket");
  if (auto bound = bind_source(fd.get(), source, family); !bound) return bound.error();
  auto connected = connect_socket(fd.get(), *address, Clock::now() + limits.connect);
  if (!connected) return connected.error().about("connect");
  return Client(std::move(fd), limits, primary.key, std::move(clock));
}

Result<std::uint32_t> Client::soa_serial(const wire::Name& origin) {
  const auto deadline = Clock::now() + limits_.answer;
  auto id = random_id();
  if (!id) return id.error();
  auto sent = send_query(make_query(*id, origin, wire::rrtype::SOA), deadline);
  if (!sent) return sent.error();
  MessageStream stream;
  for (;;) {
    auto octets = receive(deadline);
    if (!octets) return octets.error();
    if (octets->empty()) return Error{Errc::Closed, "connection closed before the answer"};
    stream.feed(*octets);
    auto message = stream.next();
    if (!message) continue;
    if (auto authentic = authenticate(*message); !authentic) return authentic.error();
    return read_soa_serial(*message, *id, origin);
  }
}

Result<zone::Zone> Client::axfr(const wire::Name& origin) {
  const auto deadline = Clock::now() + limits_.transfer;
  auto id = random_id();
  if (!id) return id.error();
  auto sent = send_query(make_query(*id, origin, wire::rrtype::AXFR), deadline);
  if (!sent) return sent.error();
  AxfrReader reader(origin, *id, limits_.size, limits_.memory);
  if (auto read = read_transfer(reader, deadline); !read) return read.error();
  return std::move(reader).finish();
}

Result<IxfrResponse> Client::ixfr(const wire::Name& origin, std::vector<std::uint8_t> soa) {
  const auto deadline = Clock::now() + limits_.transfer;
  auto id = random_id();
  if (!id) return id.error();
  if (auto sent = send_query(make_ixfr_query(*id, origin, soa), deadline); !sent) return sent.error();
  IxfrReader reader(origin, *id, std::move(soa), limits_.size, limits_.memory);
  if (auto read = read_transfer(reader, deadline); !read) return read.error();
  return std::move(reader).finish();
}

template <typename Reader>
Result<void> Client::read_transfer(Reader& reader, Clock::time_point deadline) {
  while (!reader.complete()) {
    auto octets = receive(deadline);
    if (!octets) return octets.error().within("transfer");
    if (octets->empty()) break;
    auto fed = reader.feed(*octets, [this](auto& message) { return authenticate(message); });
    if (!fed) return fed.error();
  }
  if (reader.complete() && tsig_ && !tsig_->last_was_signed()) {
    return Error{Errc::Refused, "transfer: its last message is not signed", "tsig"};
  }
  return {};
}

Result<void> Client::authenticate(std::vector<std::uint8_t>& message) {
  if (!tsig_) return {};
  auto right = tsig_->verify(message, clock_());
  return right ? right : right.error().about("tsig");
}

Result<void> Client::send_query(std::vector<std::uint8_t> query, Clock::time_point deadline) {
  if (tsig_) tsig_->sign(query, clock_());
  std::vector<std::uint8_t> framed;
  wire::ByteWriter writer(framed);
  writer.u16(static_cast<std::uint16_t>(query.size()));
  writer.put(query);
  for (std::size_t done = 0; done < framed.size();) {
    const ssize_t n = ::send(socket_.get(), framed.data() + done, framed.size() - done, MSG_NOSIGNAL);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      if (auto ready = wait_for(socket_.get(), POLLOUT, deadline); !ready) return ready;
    } else if (errno != EINTR) {
      return system_error("send");
    }
  }
  return {};
}

Result<std::vector<std::uint8_t>> Client::receive(Clock::time_point deadline) {
  std::vector<std::uint8_t> octets(64 * 1024);
  for (;;) {
    if (auto ready = wait_for(socket_.get(), POLLIN, deadline); !ready) return ready.error();
    const ssize_t n = ::recv(socket_.get(), octets.data(), octets.size(), 0);
    if (n >= 0) {
      octets.resize(static_cast<std::size_t>(n));
      return octets;
    }
    if (errno != EAGAIN && errno != EINTR) return system_error("receive");
  }
}

}  // namespace imrs::transfer
