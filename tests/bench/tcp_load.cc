// imrs-bench-tcp: TCP load, one JSON line at the end. Run by tests/bench/compare.
//   --mode reuse  N connections kept open, --pipeline queries outstanding on each
//   --mode new    N at a time: connect, one query, one answer, close
// On loopback the source address goes round 127.0.1.1-32, so that TIME_WAIT does not use the ports up.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "tests/bench/basics.h"
#include "tests/bench/query_file.h"
#include "tests/bench/statistics.h"

namespace {

using namespace imrs::bench;

constexpr const char* kUsage =
    "imrs-bench-tcp ADDRESS PORT QUERYFILE [--mode reuse|new] [--seconds 2] [--connections 32]\n"
    "               [--pipeline 16] [--cpu N] [--timeout-ms 1000]";
constexpr std::size_t kInput = 256 * 1024, kHeader = 12;

struct Config {
  Address to;
  bool fresh;
  unsigned connections, pipeline;
  std::uint64_t timeout_ns;
};

struct Connection {
  int fd = -1;
  bool up = false, wants_write = false;
  std::uint64_t opened = 0, last = 0;
  std::uint16_t next_id = 0;
  unsigned outstanding = 0;
  std::vector<std::uint64_t> sent_at = std::vector<std::uint64_t>(65536);
  std::vector<std::uint8_t> out, in = std::vector<std::uint8_t>(kInput);
  std::size_t out_at = 0, in_size = 0;
};

class Load {
 public:
  Load(const Config& config, QueryFile queries)
      : config_(config),
        queries_(std::move(queries)),
        connections_(config.connections),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) die("epoll_create1");
  }

  void run(double seconds) {
    const std::uint64_t start = now_ns();
    end_ = start + std::uint64_t(seconds * 1e9);
    for (Connection& c : connections_) open(c);
    std::uint64_t next_check = start + config_.timeout_ns / 4;
    for (std::uint64_t now = start; now < end_ + config_.timeout_ns; now = now_ns()) {
      handle_events();
      if (now > next_check) {
        next_check = now + config_.timeout_ns / 4;
        for (Connection& c : connections_) check(c, now);
      }
      if (now >= end_ && !waiting()) break;
    }
    for (const Connection& c : connections_) statistics.lost += c.outstanding;
  }

  Statistics statistics;

 private:
  [[nodiscard]] bool waiting() const {
    return std::ranges::any_of(connections_, [](const auto& c) { return c.fd >= 0 && c.outstanding > 0; });
  }

  void handle_events() {
    std::array<epoll_event, 256> events{};
    const int n = ::epoll_wait(epoll_, events.data(), int(events.size()), 1);
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[std::size_t(i)];
      handle(connections_[event.data.u32], event.events);
    }
  }

  void check(Connection& c, std::uint64_t now) {
    if (c.fd >= 0 && now > c.last + config_.timeout_ns) drop(c, true);
    if (c.fd < 0 && now < end_) open(c);
  }

  void choose_source(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(0x7f000101 + source_++ % 32);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) < 0) die("bind");
  }

  void open(Connection& c) {
    c.fd = ::socket(config_.to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c.fd < 0) die("socket");
    const int on = 1;
    ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (config_.to.is_loopback()) choose_source(c.fd);
    c.up = false;
    c.outstanding = 0;
    c.in_size = c.out_at = 0;
    c.out.clear();
    c.opened = c.last = now_ns();
    if (::connect(c.fd, config_.to.get(), config_.to.length) < 0 && errno != EINPROGRESS) {
      ++statistics.errors;
      close(c);  // tried again at the next check
      return;
    }
    ++statistics.connects;
    watch(c, EPOLL_CTL_ADD, true);
  }

  static void close(Connection& c) {
    ::close(c.fd);
    c.fd = -1;
  }

  void drop(Connection& c, bool failed) {
    statistics.errors += failed ? 1 : 0;
    statistics.lost += c.outstanding;
    c.outstanding = 0;
    std::ranges::fill(c.sent_at, 0);
    close(c);
    if (now_ns() < end_) open(c);
  }

  // Connections for one query are watched for both from the start, by edges: one system call less each.
  void watch(Connection& c, int operation, bool write) {
    c.wants_write = write;
    epoll_event event{};
    event.events = EPOLLIN | (write ? EPOLLOUT : 0u) | (config_.fresh ? EPOLLET : 0u);
    event.data.u32 = std::uint32_t(&c - connections_.data());
    ::epoll_ctl(epoll_, operation, c.fd, &event);
  }

  void handle(Connection& c, std::uint32_t events) {
    if (c.fd < 0) return;
    if (!c.up) {
      if ((events & EPOLLERR) != 0) return drop(c, true);
      if ((events & EPOLLOUT) == 0) return;
      c.up = true;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !receive(c)) return;
    ask(c);
    write(c);
  }

  // Refills by halves, so that one write carries several queries. In between it acknowledges at once: a
  // server without TCP_NODELAY would wait for the delayed acknowledgement.
  void ask(Connection& c) {
    const std::uint64_t now = now_ns();
    if (now >= end_) return;
    if (c.outstanding > config_.pipeline / 2) {
      const int on = 1;
      ::setsockopt(c.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
      return;
    }
    for (; c.outstanding < config_.pipeline; ++c.outstanding) {
      const auto framed = queries_.framed(next_, c.next_id);
      c.out.insert(c.out.end(), framed.begin(), framed.end());
      c.sent_at[c.next_id++] = config_.fresh ? c.opened : now;
      ++statistics.sent;
      next_ = (next_ + 1) % queries_.size();
    }
  }

  void write(Connection& c) {
    if (c.out_at < c.out.size()) {
      const ssize_t n = ::send(c.fd, &c.out[c.out_at], c.out.size() - c.out_at, MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN) return drop(c, true);
      if (n > 0) c.out_at += std::size_t(n);
      if (c.out_at == c.out.size()) {
        c.out.clear();
        c.out_at = 0;
      }
    }
    const bool more = !c.out.empty();
    if (c.wants_write != more && !config_.fresh) watch(c, EPOLL_CTL_MOD, more);
  }

  // False if the connection is gone.
  bool receive(Connection& c) {
    const ssize_t n = ::recv(c.fd, &c.in[c.in_size], c.in.size() - c.in_size, 0);
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) {
      drop(c, n < 0 || c.outstanding > 0);
      return false;
    }
    c.in_size += std::size_t(n);
    c.last = now_ns();
    take_answers(c);
    if (!config_.fresh || c.outstanding > 0) return true;
    close(c);
    if (c.last < end_) open(c);
    return false;
  }

  void take_answers(Connection& c) {
    std::size_t at = 0;
    while (at + 2 <= c.in_size) {
      const std::size_t length = message_id(&c.in[at]);  // the same two octets
      if (at + 2 + length > c.in_size) break;
      const std::uint8_t* message = &c.in[at + 2];
      at += 2 + length;
      if (length < kHeader || c.sent_at[message_id(message)] == 0) continue;
      std::uint64_t& sent = c.sent_at[message_id(message)];
      statistics.answer(message, length, c.last - sent, c.last < end_);
      sent = 0;
      --c.outstanding;
    }
    std::memmove(c.in.data(), &c.in[at], c.in_size - at);
    c.in_size -= at;
  }

  const Config config_;
  QueryFile queries_;
  std::vector<Connection> connections_;
  const int epoll_;
  std::uint32_t source_ = 0;
  std::size_t next_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv, 3, kUsage);
  const std::string mode = arguments.text("mode", "reuse");
  if (mode != "reuse" && mode != "new") arguments.fail();
  const bool fresh = mode == "new";
  const unsigned pipeline = arguments.count("pipeline", 16, 1, 1024);
  const Config config{parse_address(arguments[0], arguments[1]), fresh,
                      arguments.count("connections", 32, 1, 4096), fresh ? 1 : pipeline,
                      std::uint64_t(arguments.number("timeout-ms", 1000) * 1e6)};
  const double seconds = arguments.number("seconds", 2);
  const int cpu = int(arguments.number("cpu", -1));
  arguments.done();
  pin_to(cpu);
  Load load(config, QueryFile(arguments[2]));
  load.run(seconds);
  load.statistics.print_json(seconds);
  return load.statistics.answered > 0 ? 0 : 1;
}
