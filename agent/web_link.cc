// The agent's side of imrs-web's channel. Called by the supervisor. It must never wait for imrs-web, and
// never leave more than a few snapshots in memory that one which hangs does not read.
#include "agent/web_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "agent/base/log.h"
#include "agent/base/memfd.h"
#include "agent/config/web_settings.h"
#include "agent/part_settings.h"

namespace imrs::agent {
namespace {

constexpr int kBacklog = 64;

Result<void> bind_to(int fd, const Endpoint& endpoint) {
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (endpoint.address.family == Family::V4) {
    ::setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    ::inet_pton(AF_INET, endpoint.address.text.c_str(), &address.sin_addr);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
  } else {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    ::inet_pton(AF_INET6, endpoint.address.text.c_str(), &address.sin6_addr);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
  }
  return system_error("bind");
}

Result<UniqueFd> listen_on(const Endpoint& endpoint) {
  const int family = endpoint.address.family == Family::V4 ? AF_INET : AF_INET6;
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return system_error("socket");
  if (auto bound = bind_to(fd.get(), endpoint); !bound) return bound.error();
  if (::listen(fd.get(), kBacklog) != 0) return system_error("listen");
  return fd;
}

Result<std::vector<UniqueFd>> listen_on_all(const std::vector<Endpoint>& endpoints, std::string_view key) {
  std::vector<UniqueFd> sockets;
  for (const Endpoint& endpoint : endpoints) {
    auto fd = listen_on(endpoint);
    if (!fd) {
      return fd.error().within(fmt::format("{} {} port {}", key, endpoint.address.text, endpoint.port));
    }
    sockets.push_back(std::move(*fd));
  }
  return sockets;
}

}  // namespace

Result<WebLink> WebLink::open(const Config& config) {
  WebLink link;
  link.settings_ = to_json(web_settings(config, source_key_id(source_key(config))));
  auto noc = listen_on_all(config.web.noc, "web.noc");
  if (!noc) return noc.error();
  auto ops = listen_on_all(config.web.ops, "web.ops");
  if (!ops) return ops.error();
  link.noc_ = std::move(*noc);
  link.ops_ = std::move(*ops);
  return link;
}

WebLink WebLink::adopt(const Config& config, std::vector<UniqueFd> noc, std::vector<UniqueFd> ops) {
  WebLink link;
  link.settings_ = to_json(web_settings(config, source_key_id(source_key(config))));
  link.noc_ = std::move(noc);
  link.ops_ = std::move(ops);
  return link;
}

void WebLink::start(Processes& processes, int counters, std::function<Snapshot()> current,
                    std::function<void(std::string)> note) {
  counters_ = counters;
  processes_ = &processes;
  note_ = std::move(note);
  processes.keep(Program::Web, {.started =
                                    [this, current = std::move(current)] {
                                      read_at_ = Clock::now();
                                      unread_ = 0;
                                      killed_ = false;
                                      send_setup();
                                      send(current());
                                    },
                                .message =
                                    [&processes](const Packet&) {
                                      processes.kill(Program::Web, "sent a message, which it must not");
                                    },
                                .ended = [] {}});
}

void WebLink::send_setup() const {
  auto memfd = make_sealed_memfd("imrs-web-settings",
                                 {reinterpret_cast<const std::uint8_t*>(settings_.data()), settings_.size()});
  if (!memfd) return log_error("web: {}", memfd.error().message);
  WebSetup setup;
  setup.noc_sockets = static_cast<std::uint32_t>(noc_.size());
  setup.ops_sockets = static_cast<std::uint32_t>(ops_.size());
  std::vector<int> fds{memfd->get(), counters_};
  for (const UniqueFd& fd : noc_) fds.push_back(fd.get());
  for (const UniqueFd& fd : ops_) fds.push_back(fd.get());
  if (auto sent = processes_->send(Program::Web, setup, fds); !sent) {
    log_error("web: setup: {}", sent.error().message);
  }
}

void WebLink::send(const Snapshot& snapshot, Clock::time_point now) {
  if (processes_ == nullptr || processes_->pid(Program::Web) == 0) return;
  look_whether_it_reads(now);
  if (killed_) return;
  const auto sent = send_text(to_json(snapshot));
  unread_ = processes_->unread(Program::Web);
  const bool expected = sent || sent.error().code == Errc::Unavailable || sent.error().code == Errc::Closed;
  const std::string complaint = expected ? "" : sent.error().message;
  if (!complaint.empty() && complaint != complaint_) log_error("web: snapshot: {}", complaint);
  complaint_ = complaint;
}

// What is large goes by a memfd, and only when everything before has been read.
Result<void> WebLink::send_text(const std::string& text) const {
  const auto* octets = reinterpret_cast<const std::uint8_t*>(text.data());
  std::vector<std::uint8_t> message(sizeof kWebSnapshot);
  std::memcpy(message.data(), &kWebSnapshot, sizeof kWebSnapshot);
  if (message.size() + text.size() <= kMaxPacket) {
    message.insert(message.end(), octets, octets + text.size());
    return processes_->send_bytes(Program::Web, message);
  }
  if (processes_->unread(Program::Web) != 0) return Error{Errc::Unavailable, "it has not read the last one"};
  auto memfd = make_sealed_memfd("imrs-snapshot", {octets, text.size()});
  if (!memfd) return memfd.error();
  const std::array fds{memfd->get()};
  return processes_->send_bytes(Program::Web, message, fds);
}

// Once for each: if even SIGKILL does not end it (a disk that hangs), another does not either.
void WebLink::look_whether_it_reads(Clock::time_point now) {
  const std::size_t unread = processes_->unread(Program::Web);
  if (unread == 0 || unread < unread_) read_at_ = now;
  if (now - read_at_ < kPatience || killed_) return;
  killed_ = processes_->kill(Program::Web, "it hangs");
  if (!killed_ || (noted_ && now - *noted_ < kNotedAgain)) return;
  noted_ = now;
  note_(fmt::format("imrs-web hangs: it has read nothing for {} s; it is killed and started again",
                    kPatience.count()));
}

}  // namespace imrs::agent
