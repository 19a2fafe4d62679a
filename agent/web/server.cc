// Accepts, counts connections, and takes snapshots from the agent. Called by child and standalone. A client
// must never be able to keep a snapshot, or the end of the channel, from being seen.
#include "agent/web/server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "agent/web/api_json.h"
#include "agent/web/connection.h"
#include "agent/web/status.h"
#include "agent/web/tls.h"

namespace imrs::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptPause{100};  // when there is no descriptor to be had
constexpr std::chrono::seconds kLook{1};                // at the counts
constexpr int kTlsLooks = 10;                           // of the counts to one at the certificates

Result<int> socket_option(int fd, int option, const char* name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0) return system_error(name);
  return value;
}

// The protocol of a TCP socket that listens; anything else is refused.
Result<tcp> protocol_of(int fd) {
  auto listens = socket_option(fd, SO_ACCEPTCONN, "SO_ACCEPTCONN");
  if (!listens) return listens.error();
  auto domain = socket_option(fd, SO_DOMAIN, "SO_DOMAIN");
  if (!domain) return domain.error();
  if (*listens == 0 || (*domain != AF_INET && *domain != AF_INET6)) {
    return Error{Errc::InvalidInput, "a descriptor is not a listening TCP socket"};
  }
  return *domain == AF_INET ? tcp::v4() : tcp::v6();
}

// One connection's place among the audience's, and among those of its client. The address is known for as
// long as the connection is open.
class Place {
 public:
  Place(std::size_t& taken, std::map<asio::ip::address, std::size_t>& clients, asio::ip::address client)
      : taken_(&taken), clients_(&clients), client_(std::move(client)) {
    ++*taken_;
    ++clients[client_];
  }
  Place(Place&& other) noexcept
      : taken_(std::exchange(other.taken_, nullptr)), clients_(other.clients_), client_(other.client_) {}
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (taken_ == nullptr) return;
    --*taken_;
    if (--(*clients_)[client_] == 0) clients_->erase(client_);
  }

 private:
  std::size_t* taken_;
  std::map<asio::ip::address, std::size_t>* clients_;
  asio::ip::address client_;
};

// What a NOC engineer would want to see at once.
std::string state_key(const Snapshot& snapshot, std::int64_t now_ms) {
  const Status status = status_of(snapshot, now_ms);
  std::string key = status.verdict.headline;
  for (const std::string& detail : status.verdict.details) key += "\n" + detail;
  for (const SessionState& session : snapshot.bgp.sessions) {
    key += "\n" + session.state + " " + std::to_string(session.exported.size());
  }
  return key + "\n" + std::to_string(snapshot.alarms.size());
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerSettings settings)
      : settings_(std::move(settings)),
        telemetry_(settings_.web, std::move(settings_.pages), settings_.on_problem) {
    if (settings_.web.tls.certificate.empty()) return;
    tls_.emplace(settings_.web.tls);
    if (auto looked = tls_->look(); !looked) {
      settings_.on_problem(looked.error().within("nobody is let in at the ops listener"));
    } else if (tls_->uses_previous()) {
      settings_.on_problem({Errc::InvalidInput,
                            "web.tls: certificate and key do not belong together, as after a rotation that "
                            "was cut off; what was there before is used: rotate again"});
    }
  }

  Result<void> listen(std::vector<UniqueFd> sockets, Audience audience) {
    for (UniqueFd& socket : sockets) {
      auto protocol = protocol_of(socket.get());
      if (!protocol) return protocol.error();
      tcp::acceptor acceptor(io_);
      boost::system::error_code error;
      acceptor.assign(*protocol, socket.get(), error);
      if (error) return Error{Errc::System, "listening socket: " + error.message()};
      (void)socket.release();  // the acceptor's now
      acceptors_.push_back(std::move(acceptor));
      asio::co_spawn(io_, accept_all(acceptors_.back(), audience), asio::detached);
    }
    return {};
  }

  Result<void> follow(Channel channel) {
    UniqueFd duplicate(::fcntl(channel.fd(), F_DUPFD_CLOEXEC, 0));
    if (!duplicate) return system_error("duplicate of the channel");
    channel_ = std::move(channel);
    readable_.emplace(io_, duplicate.release());
    asio::co_spawn(io_, read_channel(), asio::detached);
    return {};
  }

  void show(Snapshot snapshot) {
    telemetry_.take(snapshot);
    snapshot_ = std::move(snapshot);
  }

  Result<void> run() {
    telemetry_.open(settings_.now_ms());
    asio::co_spawn(io_, look_regularly(), asio::detached);
    io_.run();
    telemetry_.look(settings_.now_ms(), snapshot());
    telemetry_.save(settings_.now_ms());
    return end_;
  }

 private:
  static std::size_t index(Audience audience) { return static_cast<std::size_t>(audience); }
  [[nodiscard]] const Snapshot* snapshot() const { return snapshot_ ? &*snapshot_ : nullptr; }

  asio::awaitable<void> accept_all(tcp::acceptor& acceptor, Audience audience) {
    asio::steady_timer pause(io_);
    bool complained = false;
    for (;;) {
      auto [error, socket] = co_await acceptor.async_accept(kNoThrow);
      if (error) {
        if (!std::exchange(complained, true)) {
          settings_.on_problem({Errc::System, "accept: " + error.message()});
        }
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kNoThrow);
        continue;
      }
      complained = false;
      take(std::move(socket), audience);
    }
  }

  // A connection too many closes itself.
  void take(tcp::socket socket, Audience audience) {
    boost::system::error_code error;
    const auto client = socket.remote_endpoint(error).address();
    if (error) return;
    auto& clients = clients_[index(audience)];
    std::size_t& taken = taken_[index(audience)];
    const auto known = clients.find(client);
    const std::size_t of_client = known == clients.end() ? 0 : known->second;
    if (taken >= settings_.limits.connections || of_client >= settings_.limits.per_client) {
      ++http_.rejected[index(audience)];
      return;
    }
    // Only this machine itself is trusted without a certificate.
    const bool secure = audience == Audience::Ops && !client.is_loopback();
    asio::co_spawn(io_, serve(std::move(socket), audience, secure, Place(taken, clients, client)),
                   asio::detached);
  }

  asio::awaitable<void> serve(tcp::socket socket, Audience audience, bool secure, Place) {
    const auto tls = secure && tls_ ? tls_->context() : nullptr;
    if (secure && !tls) co_return;
    Handling handling;
    handling.answer = [this, audience](std::string_view method, std::string_view target) {
      return reply_to(audience, method, target);
    };
    handling.feed = &feeds_[index(audience)];
    co_await serve_connection(std::move(socket), tls, settings_.limits, std::move(handling));
  }

  Reply reply_to(Audience audience, std::string_view method, std::string_view target) {
    Reply reply;
    if (budgets_[index(audience)].take(std::chrono::steady_clock::now())) {
      reply = answer(audience, method, target, view());
    } else {
      reply = failure(429, "too many requests: wait a second");
    }
    ++http_.replies[index(audience)][reply.status];
    return reply;
  }

  [[nodiscard]] View view() const {
    View view{.snapshot = snapshot(),
              .telemetry = telemetry_,
              .http = http_,
              .certificates = {},
              .now_ms = settings_.now_ms(),
              .bird_zone = settings_.bird_zone};
    if (tls_) view.certificates = {tls_->server_not_after(), tls_->client_ca_not_after()};
    return view;
  }

  asio::awaitable<void> look_regularly() {
    asio::steady_timer timer(io_);
    for (int looks = 0;; ++looks) {
      if (const auto point = telemetry_.look(settings_.now_ms(), snapshot())) {
        feeds_[index(Audience::Ops)].publish("point", point_json(*point));
      }
      if (tls_ && looks % kTlsLooks == 0) look_at_certificates();
      tell_state();  // it may have grown stale
      timer.expires_after(kLook);
      const auto [error] = co_await timer.async_wait(kNoThrow);
      if (error) co_return;
    }
  }

  void look_at_certificates() {
    const auto looked = tls_->look();
    if (!looked) {
      settings_.on_problem(looked.error().within(tls_->context()
                                                     ? "certificates: those that were used before are used on"
                                                     : "certificates: nobody is let in"));
    } else if (*looked) {
      settings_.on_problem({Errc::Unavailable, "certificates: those that are there are used now"});
    }
  }

  void tell_state() {
    if (!snapshot_) return;
    std::string key = state_key(*snapshot_, settings_.now_ms());
    if (key == told_) return;
    told_ = std::move(key);
    for (LiveFeed& feed : feeds_) feed.publish("state", "{}");
  }

  asio::awaitable<void> read_channel() {
    for (;;) {
      auto packet = channel_.receive();
      if (!packet) {
        if (packet.error().code != Errc::Closed) end_ = packet.error();
        break;
      }
      if (*packet) {
        take(**packet);
        continue;
      }
      co_await readable_->async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
    }
    io_.stop();
  }

  // A snapshot that cannot be read leaves the one before, which grows old and is shown as such.
  void take(const Packet& packet) {
    auto read = read_snapshot(packet);
    if (read) {
      show(std::move(*read));
      tell_state();
      unreadable_ = false;
    } else if (!std::exchange(unreadable_, true)) {
      settings_.on_problem(read.error());
    }
  }

  static Result<Snapshot> read_snapshot(const Packet& packet) {
    if (packet.type() != kWebSnapshot) {
      return Error{Errc::InvalidInput,
                   "the agent sent something else than a snapshot (another "
                   "version?)"};
    }
    const std::span<const std::uint8_t> bytes(packet.bytes);
    if (packet.fds.empty()) return parse(bytes.subspan(sizeof kWebSnapshot));
    const auto mapping = map_sealed(packet.fds.front().get());
    if (!mapping) return mapping.error().within("snapshot");
    return parse(mapping->bytes());
  }

  static Result<Snapshot> parse(std::span<const std::uint8_t> text) {
    return snapshot_from_json({reinterpret_cast<const char*>(text.data()), text.size()});
  }

  // Coroutines still waiting are destroyed with io_: what they refer to comes before it.
  ServerSettings settings_;
  Telemetry telemetry_;
  std::optional<Tls> tls_;
  std::optional<Snapshot> snapshot_;
  std::string told_;  // what the listeners of the feeds know
  HttpCounts http_;
  std::array<std::size_t, 2> taken_{};  // connections, by audience
  std::array<std::map<asio::ip::address, std::size_t>, 2> clients_;
  std::array<RequestBudget, 2> budgets_{RequestBudget(settings_.limits), RequestBudget(settings_.limits)};
  bool unreadable_ = false;
  Result<void> end_;
  Channel channel_;
  asio::io_context io_{1};
  std::array<LiveFeed, 2> feeds_{LiveFeed(io_.get_executor()), LiveFeed(io_.get_executor())};
  std::list<tcp::acceptor> acceptors_;
  std::optional<asio::posix::stream_descriptor> readable_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(Listeners listeners, ServerSettings settings) {
  auto impl = std::make_unique<Impl>(std::move(settings));
  if (auto noc = impl->listen(std::move(listeners.noc), Audience::Noc); !noc) {
    return noc.error().within("NOC listener");
  }
  if (auto ops = impl->listen(std::move(listeners.ops), Audience::Ops); !ops) {
    return ops.error().within("ops listener");
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Result<void> Server::follow(Channel channel) { return impl_->follow(std::move(channel)); }
void Server::show(Snapshot snapshot) { impl_->show(std::move(snapshot)); }
Result<void> Server::run() { return impl_->run(); }

}  // namespace imrs::web
