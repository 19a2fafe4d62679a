// imrs-bench-udp: UDP load, one JSON line at the end. Run by tests/bench/compare.
//   --window N  closed loop: N queries outstanding per socket (the default)
//   --rate QPS  open loop: QPS in all, latency counted from when a query was due, not from when it left
// It spins; give it a CPU of its own. --yield 1 is for sharing one with the server: it lets the server run
// whenever there is nothing to receive.
#include <sched.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <thread>
#include <vector>

#include "tests/bench/basics.h"
#include "tests/bench/query_file.h"
#include "tests/bench/statistics.h"

namespace {

using namespace imrs::bench;

constexpr const char* kUsage =
    "imrs-bench-udp ADDRESS PORT QUERYFILE [--seconds 2] [--window 64 | --rate QPS] [--burst 1]\n"
    "               [--sockets 4] [--threads 1] [--cpu N] [--yield 0] [--timeout-ms 200]";

constexpr unsigned kBatch = 64;
constexpr std::size_t kHead = 16;  // octets copied out of the kernel: the header is enough

struct Config {
  Address to;
  double seconds;
  unsigned window;
  double rate;  // of one thread; 0: closed loop
  unsigned burst;
  unsigned sockets;  // of one thread
  std::uint64_t timeout_ns;
  bool yield;
};

// Ids are used in turn, so what is outstanding lies in a ring [tail, head).
struct Socket {
  int fd = -1;
  std::uint32_t head = 0, tail = 0;
  unsigned outstanding = 0;
  std::vector<std::uint64_t> sent_at = std::vector<std::uint64_t>(65536);

  // Gives up what was sent before `older_than`, and whatever is in the way of a batch.
  void expire(std::uint64_t older_than, Statistics& statistics) {
    for (; tail != head; ++tail) {
      std::uint64_t& at = sent_at[tail & 0xffff];
      if (at == 0) continue;
      if (at > older_than && 65535 - (head - tail) >= kBatch) return;
      at = 0;
      --outstanding;
      ++statistics.lost;
    }
  }
};

class Worker {
 public:
  Worker(const Config& config, QueryFile queries, std::size_t start)
      : config_(config),
        queries_(std::move(queries)),
        next_(start % queries_.size()),
        sockets_(config.sockets) {
    for (Socket& s : sockets_) open(s);
    for (std::size_t i = 0; i < kBatch; ++i) {
      out_[i].msg_hdr.msg_iov = &out_parts_[i];
      out_[i].msg_hdr.msg_iovlen = 1;
      in_parts_[i] = {in_octets_[i].data(), kHead};
      in_[i].msg_hdr.msg_iov = &in_parts_[i];
      in_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    for (const Socket& s : sockets_) ::close(s.fd);
  }

  void run(int cpu) {
    pin_to(cpu);
    const std::uint64_t start = now_ns();
    end_ = start + std::uint64_t(config_.seconds * 1e9);
    if (config_.rate > 0) {
      open_loop(start);
    } else {
      closed_loop();
    }
    collect_rest();
  }

  Statistics statistics;

 private:
  void open(Socket& s) const {
    s.fd = ::socket(config_.to.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s.fd < 0) die("socket");
    enlarge_buffers(s.fd);
    if (::connect(s.fd, config_.to.get(), config_.to.length) < 0) die("connect");
  }

  void closed_loop() {
    for (std::uint64_t now = now_ns(); now < end_; now = now_ns()) {
      unsigned received = 0;
      for (Socket& s : sockets_) {
        received += receive(s);
        s.expire(now - config_.timeout_ns, statistics);
        if (s.outstanding < config_.window) {
          send(s, std::min(config_.window - s.outstanding, kBatch), now_ns(), 0);
        }
      }
      if (config_.yield && received == 0) ::sched_yield();
    }
  }

  void open_loop(std::uint64_t start) {
    const double gap = 1e9 / config_.rate;
    std::uint64_t issued = 0;
    std::size_t turn = 0;
    for (std::uint64_t now = now_ns(); now < end_; now = now_ns()) {
      const auto due = std::uint64_t(double(now - start) / gap);
      if (due >= issued + config_.burst) {
        Socket& s = sockets_[turn++ % sockets_.size()];
        s.expire(now - config_.timeout_ns, statistics);
        const auto n = unsigned(std::min<std::uint64_t>(due - issued, kBatch));
        issued += send(s, n, start + std::uint64_t(double(issued) * gap), gap);
      }
      for (Socket& s : sockets_) receive(s);
    }
  }

  void collect_rest() {
    const std::uint64_t give_up = now_ns() + config_.timeout_ns;
    const auto waiting = [](const Socket& s) { return s.outstanding > 0; };
    while (now_ns() < give_up && std::ranges::any_of(sockets_, waiting)) {
      for (Socket& s : sockets_) receive(s);
      if (config_.yield) ::sched_yield();
    }
    for (Socket& s : sockets_) s.expire(UINT64_MAX, statistics);
  }

  // How many of `n` the kernel took. Query i of them was due at first_due + i * gap.
  unsigned send(Socket& s, unsigned n, std::uint64_t first_due, double gap) {
    for (unsigned i = 0; i < n; ++i) {
      const auto message = queries_.message((next_ + i) % queries_.size(), std::uint16_t(s.head + i));
      out_parts_[i] = {message.data(), message.size()};
    }
    const int taken = ::sendmmsg(s.fd, out_.data(), n, 0);
    if (taken < 0) {
      if (errno != EAGAIN && errno != ENOBUFS) ++statistics.errors;
      return 0;
    }
    const auto done = unsigned(taken);
    for (unsigned i = 0; i < done; ++i) {
      s.sent_at[(s.head + i) & 0xffff] = first_due + std::uint64_t(i * gap);
    }
    s.head += done;
    s.outstanding += done;
    statistics.sent += done;
    next_ = (next_ + done) % queries_.size();
    return done;
  }

  unsigned receive(Socket& s) {
    unsigned received = 0;
    while (s.outstanding > 0) {
      const int n = ::recvmmsg(s.fd, in_.data(), kBatch, MSG_DONTWAIT | MSG_TRUNC, nullptr);
      if (n < 0) {
        if (errno != EAGAIN) ++statistics.errors;
        break;
      }
      const std::uint64_t now = now_ns();
      for (std::size_t i = 0; i < std::size_t(n); ++i) take(s, in_octets_[i].data(), in_[i].msg_len, now);
      received += unsigned(n);
      if (unsigned(n) < kBatch) break;
    }
    return received;
  }

  void take(Socket& s, const std::uint8_t* header, unsigned size, std::uint64_t now) {
    if (size < 4 || (header[2] & 0x80) == 0) return;
    std::uint64_t& at = s.sent_at[message_id(header)];
    if (at == 0) return;  // late, or there twice
    statistics.answer(header, size, now > at ? now - at : 0, now < end_);
    at = 0;
    --s.outstanding;
  }

  const Config config_;
  QueryFile queries_;
  std::size_t next_;
  std::vector<Socket> sockets_;
  std::uint64_t end_ = 0;
  std::array<mmsghdr, kBatch> out_{}, in_{};
  std::array<iovec, kBatch> out_parts_{}, in_parts_{};
  std::array<std::array<std::uint8_t, kHead>, kBatch> in_octets_{};
};

Config read_config(Arguments& arguments, unsigned threads) {
  return {parse_address(arguments[0], arguments[1]),
          arguments.number("seconds", 2),
          arguments.count("window", 64, 1, 32768),
          arguments.number("rate", 0) / threads,
          arguments.count("burst", 1, 1, kBatch),
          std::max(1u, arguments.count("sockets", 4, 1, 1024) / threads),
          std::uint64_t(arguments.number("timeout-ms", 200) * 1e6),
          arguments.number("yield", 0) != 0};
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv, 3, kUsage);
  const unsigned threads = arguments.count("threads", 1, 1, 64);
  const int cpu = int(arguments.number("cpu", -1));
  const Config config = read_config(arguments, threads);
  arguments.done();
  const QueryFile queries(arguments[2]);
  // Each thread has a copy of the queries, another place to start, and the next CPU.
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < threads; ++i)
    workers.push_back(std::make_unique<Worker>(config, queries, i * 7919));
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&, i] { workers[i]->run(cpu < 0 ? -1 : cpu + int(i)); });
  }
  for (auto& thread : running) thread.join();
  Statistics total;
  for (const auto& worker : workers) total.merge(worker->statistics);
  total.print_json(config.seconds);
  return total.answered > 0 ? 0 : 1;
}
