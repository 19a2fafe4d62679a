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
#include <optional>
#include <utility>

#include "agent/base/messages.h"
#include "agent/web/connection.h"

namespace imrs::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptPause{100};  // when there is no descriptor to be had

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

class Place {  // one connection's place among the audience's
 public:
  explicit Place(std::size_t& taken) : taken_(&taken) { ++*taken_; }
  Place(Place&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (taken_ != nullptr) --*taken_;
  }

 private:
  std::size_t* taken_;
};

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerSettings settings) : settings_(std::move(settings)) {}

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

  void show(Snapshot snapshot) { snapshot_ = std::move(snapshot); }

  Result<void> run() {
    io_.run();
    return end_;
  }

 private:
  asio::awaitable<void> accept_all(tcp::acceptor& acceptor, Audience audience) {
    asio::steady_timer pause(io_);
    std::size_t& taken = taken_[static_cast<std::size_t>(audience)];
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
      if (taken >= settings_.limits.connections) continue;  // the socket closes itself
      asio::co_spawn(io_, serve(std::move(socket), audience, Place(taken)), asio::detached);
    }
  }

  asio::awaitable<void> serve(tcp::socket socket, Audience audience, Place) {
    co_await serve_connection(
        std::move(socket), settings_.limits,
        [this, audience](std::string_view method, std::string_view target) {
          const View view{snapshot_ ? &*snapshot_ : nullptr, settings_.now_ms(), settings_.bird_zone};
          return answer(audience, method, target, view);
        });
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
    auto snapshot = read_snapshot(packet);
    if (snapshot) {
      snapshot_ = std::move(*snapshot);
      unreadable_ = false;
    } else if (!std::exchange(unreadable_, true)) {
      settings_.on_problem(snapshot.error());
    }
  }

  static Result<Snapshot> read_snapshot(const Packet& packet) {
    if (packet.type() != kWebSnapshot) {
      return Error{Errc::InvalidInput,
                   "the agent sent something else than a snapshot (another "
                   "version?)"};
    }
    const auto* text = reinterpret_cast<const char*>(packet.bytes.data()) + sizeof kWebSnapshot;
    return snapshot_from_json({text, packet.bytes.size() - sizeof kWebSnapshot});
  }

  // Coroutines still waiting are destroyed with io_: what they refer to comes before it.
  ServerSettings settings_;
  std::optional<Snapshot> snapshot_;
  std::array<std::size_t, 2> taken_{};  // connections, by audience
  bool unreadable_ = false;
  Result<void> end_;
  Channel channel_;
  asio::io_context io_{1};
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
