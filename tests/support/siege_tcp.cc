// The TCP siege. Run by a thread of siege. It must never open faster than it was told, however fast the
// server closes.
#include "tests/support/siege_tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

namespace imrs::siege {
namespace {

constexpr int kTickMs = 2;
constexpr std::size_t kEvents = 512;
constexpr std::uint64_t kDripIntervalUs = 1000000, kDripLookUs = 50000;
constexpr double kOpenAtOnce = 64;  // after a hold-up
constexpr std::size_t kLargeQueries = 1000;
constexpr int kSmallWindow = 4096;
constexpr std::uint16_t kA = 1, kDnskey = 48;

void add_framed(Octets& stream, const Octets& query) {
  stream.push_back(static_cast<std::uint8_t>(query.size() >> 8));
  stream.push_back(static_cast<std::uint8_t>(query.size()));
  stream.insert(stream.end(), query.begin(), query.end());
}

}  // namespace

TcpSiege::TcpSiege(std::vector<Endpoint> targets, const Plan& plan, const std::string& name)
    : targets_(std::move(targets)),
      open_rate_(plan.open_rate),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      slots_(plan.idle + plan.drip + plan.deaf) {
  if (!epoll_) die("epoll_create1");
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (i >= plan.idle) slots_[i].kind = i < plan.idle + plan.drip ? Kind::Drip : Kind::Deaf;
    to_open_.push_back(i);
  }
  // All kinds from the beginning, not one after the other.
  std::ranges::sort(to_open_, {}, [](std::size_t slot) { return slot * 7919 % 10007; });
  add_framed(slow_query_, make_query("www." + name, kA, true, true));
  for (std::size_t i = 0; i < kLargeQueries; ++i)
    add_framed(large_queries_, make_query(".", kDnskey, true, true));
}

void TcpSiege::run(const std::atomic<bool>& stop, std::atomic<bool>& built) {
  std::array<epoll_event, kEvents> events;
  last_open_us_ = now_us();
  while (!stop.load(std::memory_order_relaxed)) {
    const int got = ::epoll_wait(epoll_.get(), events.data(), kEvents, kTickMs);
    const std::uint64_t now = now_us();
    for (int i = 0; i < got; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      on_event(event.data.u64, event.events, now);
    }
    open_due(now);
    drip(now);
    if (begun_ < slots_.size()) continue;
    if (!built.exchange(true)) built.notify_all();
    sample();
  }
  for (Slot& slot : slots_) slot.fd.reset();
}

void TcpSiege::open_due(std::uint64_t now) {
  allowance_ += static_cast<double>(now - last_open_us_) * open_rate_ / 1e6;
  allowance_ = std::min(allowance_, kOpenAtOnce);
  last_open_us_ = now;
  for (; allowance_ >= 1 && !to_open_.empty(); allowance_ -= 1) {
    const std::size_t slot = to_open_.front();
    to_open_.pop_front();
    open(slot);
    ++begun_;
  }
}

void TcpSiege::open(std::size_t index) {
  Slot& slot = slots_[index];
  const Endpoint& target = targets_[next_client_ % targets_.size()];
  slot.fd = client_socket(target.family(), SOCK_STREAM,
                          kFirstClient + next_client_ % (kClients - kFirstClient));
  ++next_client_;
  slot.established = false;
  slot.sent = 0;
  set_option(slot.fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (slot.kind == Kind::Deaf) set_option(slot.fd.get(), SOL_SOCKET, SO_RCVBUF, kSmallWindow);
  ++counts_of(slot).opened;
  if (::connect(slot.fd.get(), target.get(), target.size) != 0 && errno != EINPROGRESS) return close(index);
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.u64 = index;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, slot.fd.get(), &event) != 0) die("epoll_ctl");
}

void TcpSiege::on_event(std::size_t index, std::uint32_t events, std::uint64_t now) {
  if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) return close(index);
  if (!slots_[index].established) on_established(index, now);
}

void TcpSiege::on_established(std::size_t index, std::uint64_t now) {
  Slot& slot = slots_[index];
  slot.established = true;
  slot.next_octet_us = now;
  ++counts_of(slot).established;
  ++counts_of(slot).open;
  epoll_event event{};
  event.events = EPOLLRDHUP;
  event.data.u64 = index;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, slot.fd.get(), &event) != 0) die("epoll_ctl");
  if (slot.kind != Kind::Deaf) return;
  // What the kernel does not take is not sent at all: it is far more than the server may keep.
  (void)::send(slot.fd.get(), large_queries_.data(), large_queries_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void TcpSiege::close(std::size_t index) {
  Slot& slot = slots_[index];
  TcpCounts& counts = counts_of(slot);
  ++(slot.established ? counts.closed : counts.refused);
  if (slot.established) --counts.open;
  slot.established = false;
  slot.fd.reset();
  to_open_.push_back(index);
}

// The server's answer, should a query ever be whole, stays unread.
void TcpSiege::drip(std::uint64_t now) {
  if (now - last_drip_us_ < kDripLookUs) return;
  last_drip_us_ = now;
  for (Slot& slot : slots_) {
    if (slot.kind != Kind::Drip || !slot.established || now < slot.next_octet_us) continue;
    if (slot.sent == slow_query_.size()) slot.sent = 0;
    const ssize_t sent = ::send(slot.fd.get(), slow_query_.data() + slot.sent, 1,
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    slot.sent += sent > 0 ? 1 : 0;  // an error is an event of its own
    slot.next_octet_us = now + kDripIntervalUs;
  }
}

void TcpSiege::sample() {
  std::uint64_t open = 0;
  for (const TcpCounts& counts : counts_) open += counts.open;
  open_least_ = std::min(open_least_, open);
  open_most_ = std::max(open_most_, open);
}

}  // namespace imrs::siege
