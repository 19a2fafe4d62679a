// The worker's loop: probes first, then UDP, then TCP, then the next image. Runs in a thread of its own,
// started by Engine. It must never wait for anything but epoll, and there at most kIdle.
#include "dns/engine/worker.h"

#include <strings.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <thread>

#include "dns/engine/crash_note.h"

namespace imrs::engine {
namespace {

constexpr int kIdleMs = 20;  // until the next image is noticed, at most
constexpr std::size_t kEvents = 128;
constexpr std::size_t kStackInUse = 8192;  // octets, of what serves a query, below turn()
constexpr int kBatchesInARow = 2;          // of one socket, before the others have their turn
constexpr std::chrono::milliseconds kTidyingInterval{250};
// Of a turn, for all public connections: clients that ask much and never read make each of them cost 0.2 ms,
// and UDP is not to wait for that. Measured by the end-to-end test of a siege.
constexpr std::chrono::microseconds kConnectionsTime{1000};
// What epoll data means: a socket of ours (index), or a TCP connection (slot).
constexpr std::uint64_t kConnectionTag = 1ULL << 32;

// RFC 7828 section 3.1.
std::uint16_t in_keepalive_units(std::chrono::milliseconds time) {
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(time.count() / 100, 0, 65535));
}

// Seconds, modulo 2^32. A coarse clock will do, and is read without a system call.
std::uint32_t unix_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<std::uint32_t>(now.tv_sec);
}

std::uint32_t in_ms(std::chrono::steady_clock::time_point now) {
  using std::chrono::duration_cast;
  return static_cast<std::uint32_t>(duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::make(std::vector<WorkerSocket> sockets, const WorkerContext& context,
                                             const ImageSlot& slot, TcpLimits limits) {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return system_error("epoll_create1");
  // The probes' sockets first: events are served in this order.
  std::ranges::stable_sort(sockets, std::greater{},
                           [](const WorkerSocket& socket) { return socket.role.probe; });
  std::unique_ptr<Worker> worker(new Worker(std::move(sockets), std::move(epoll), context, slot, limits));
  if (auto watched = worker->watch_sockets(); !watched) return watched.error();
  return worker;
}

Worker::Worker(std::vector<WorkerSocket> sockets, UniqueFd epoll, const WorkerContext& context,
               const ImageSlot& slot, TcpLimits limits)
    : sockets_(std::move(sockets)),
      epoll_(std::move(epoll)),
      page_(context.page),
      slot_(slot),
      answerer_(context, in_keepalive_units(limits.idle)),
      tcp_(epoll_.get(), kConnectionTag, limits, context.client_key, context.page, answerer_) {}

Result<void> Worker::watch_sockets() {
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sockets_[i].fd.get(), &event) != 0) {
      return system_error("epoll_ctl");
    }
  }
  return {};
}

void Worker::run(const std::atomic<bool>& stop) {
  const CrashNote note(page_);
  while (slot_.get() == nullptr && !stop.load(std::memory_order_relaxed)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  while (!stop.load(std::memory_order_relaxed)) turn();
}

void Worker::turn() {
  if (const Published* next = slot_.get(); next != published_) {
    published_ = next;
    page_.generation.store(next->generation, std::memory_order_release);
  }
  std::array<epoll_event, kEvents> events;
  const int got = ::epoll_wait(epoll_.get(), events.data(), kEvents, kIdleMs);
  const auto now = Clock::now();
  answerer_.begin(*published_, unix_now(), in_ms(now));
  const std::span ready(events.data(), static_cast<std::size_t>(std::max(got, 0)));
  // Sockets before connections, and among the sockets the probes' first.
  std::ranges::sort(ready, {}, [](const epoll_event& event) { return event.data.u64; });
  const auto connections = std::ranges::lower_bound(ready, kConnectionTag, {},
                                                    [](const epoll_event& event) { return event.data.u64; });
  for (const epoll_event& event : std::ranges::subrange(ready.begin(), connections)) {
    serve_socket(sockets_[event.data.u64], now);
  }
  serve_connections({connections, ready.end()}, now);
  if (now >= next_tidying_) {
    tcp_.expire(now);
    forget();
    next_tidying_ = now + kTidyingInterval;
  }
}

// Who has asked what: not even in a buffer that waits for its next use, or on the stack.
void Worker::forget() noexcept {
  udp_.forget();
  tcp_.forget();
  std::array<std::uint8_t, kStackInUse> stack;
  ::explicit_bzero(stack.data(), stack.size());
}

// The agent's all; of the others as many as kConnectionsTime allows, and one at least. They go on where the
// last turn has ended, so that it is not always the same that wait.
void Worker::serve_connections(std::span<const epoll_event> ready, Clock::time_point now) {
  if (ready.empty()) return;
  const auto slot_of = [](const epoll_event& event) { return static_cast<std::uint32_t>(event.data.u64); };
  for (const epoll_event& event : ready) {
    if (tcp_.is_probe(slot_of(event))) tcp_.serve(slot_of(event), now);
  }
  const auto first = std::ranges::lower_bound(ready, next_slot_, {}, slot_of);
  const auto skip = static_cast<std::size_t>(first - ready.begin());
  const auto end = Clock::now() + kConnectionsTime;
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const std::uint32_t slot = slot_of(ready[(skip + i) % ready.size()]);
    if (tcp_.is_probe(slot)) continue;
    tcp_.serve(slot, now);
    next_slot_ = slot + 1;
    if (Clock::now() >= end) return;
  }
}

void Worker::serve_socket(const WorkerSocket& socket, Clock::time_point now) {
  TrafficCounters* counters = counters_of(socket.role);
  if (socket.role.transport == static_cast<std::uint8_t>(Transport::Tcp)) {
    tcp_.accept(socket.fd.get(), counters, now);
  } else {
    // A full batch: more is likely to wait, and asking epoll for it would be a system call for nothing.
    for (int batches = 0; batches < kBatchesInARow; ++batches) {
      if (udp_.serve(socket.fd.get(), answerer_, page_, counters) < UdpBatch::kMessages) break;
    }
  }
}

TrafficCounters* Worker::counters_of(const SocketRole& role) noexcept {
  return role.probe != 0 ? nullptr : &page_.traffic[role.transport][role.service];
}

}  // namespace imrs::engine
