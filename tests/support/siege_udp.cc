// The UDP load. Run by siege's main thread while the other parts press. It must never spin: the server has
// the same cores.
#include "tests/support/siege_udp.h"

#include <netinet/in.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace imrs::siege {
namespace {

constexpr std::size_t kBatch = 16;           // queries at once from one client
constexpr std::size_t kWindow = 4096;        // questions that a client may have open
constexpr std::uint64_t kCatchUpUs = 50000;  // what is due for longer is skipped
constexpr int kTickMs = 1;
constexpr int kBuffer = 4 << 20;
constexpr std::size_t kMaxMessage = 4096;

}  // namespace

struct UdpLoad::Socket {
  struct Asked {
    std::uint64_t at_us = 0;  // 0: nothing is waited for
    std::uint16_t id = 0, question = 0;
  };
  UniqueFd fd;
  std::uint16_t next_id = 0;
  std::vector<Asked> asked = std::vector<Asked>(kWindow);
};

struct UdpLoad::Batch {
  std::array<std::array<std::uint8_t, 2>, kBatch> ids;
  std::array<std::array<iovec, 2>, kBatch> out_parts;
  std::array<std::array<std::uint8_t, kMaxMessage>, kBatch> octets;
  std::array<iovec, kBatch> in_parts;
  std::array<mmsghdr, kBatch> out, in;
};

UdpLoad::UdpLoad(const std::vector<Endpoint>& targets, unsigned sockets, const Questions& questions)
    : questions_(questions),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      batch_(std::make_unique<Batch>()),
      latencies_(kAnswerLimitUs / kStepUs + 1) {
  if (!epoll_) die("epoll_create1");
  for (unsigned i = 0; i < sockets; ++i) {
    const Endpoint& target = targets[i % targets.size()];
    Socket& socket = sockets_.emplace_back();
    socket.fd = client_socket(target.family(), SOCK_DGRAM, i);
    // Beyond net.core.rmem_max only for root.
    if (::setsockopt(socket.fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer) != 0) {
      set_option(socket.fd.get(), SOL_SOCKET, SO_RCVBUF, kBuffer);
    }
    if (::connect(socket.fd.get(), target.get(), target.size) != 0) die("connect");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.fd.get(), &event) != 0) die("epoll_ctl");
  }
  for (std::size_t i = 0; i < kBatch; ++i) {
    batch_->out[i] = batch_->in[i] = {};
    batch_->out[i].msg_hdr.msg_iov = batch_->out_parts[i].data();
    batch_->out[i].msg_hdr.msg_iovlen = 2;
    batch_->in_parts[i] = {batch_->octets[i].data(), kMaxMessage};
    batch_->in[i].msg_hdr.msg_iov = &batch_->in_parts[i];
    batch_->in[i].msg_hdr.msg_iovlen = 1;
  }
}

UdpLoad::~UdpLoad() = default;

UdpCounts UdpLoad::run(double rate, double seconds) {
  const std::uint64_t start = now_us(), end = start + static_cast<std::uint64_t>(seconds * 1e6);
  const auto catch_up = static_cast<std::uint64_t>(rate * kCatchUpUs / 1e6);
  std::uint64_t asked = 0;  // or skipped
  std::size_t turn = 0;
  std::uint64_t now = start;
  for (; now < end; now = now_us()) {
    std::uint64_t due = static_cast<std::uint64_t>(static_cast<double>(now - start) * rate / 1e6) - asked;
    if (due > catch_up) {
      counts_.skipped += due - catch_up;
      asked += due - catch_up;
      due = catch_up;
    }
    for (; due >= kBatch; due -= kBatch, asked += kBatch)
      ask(sockets_[turn++ % sockets_.size()], kBatch, now);
    receive(kTickMs);
  }
  counts_.seconds = static_cast<double>(now - start) / 1e6;
  while (now_us() < now + kAnswerLimitUs) receive(kTickMs);
  return counts_;
}

void UdpLoad::ask(Socket& socket, std::size_t count, std::uint64_t now) {
  Batch& batch = *batch_;
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = static_cast<std::uint16_t>(socket.next_id + i);
    const std::size_t question = (next_question_ + i) % Questions::kCount;
    const Octets& query = questions_.query(question);
    batch.ids[i] = {static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
    batch.out_parts[i][0] = {batch.ids[i].data(), 2};
    batch.out_parts[i][1] = {const_cast<std::uint8_t*>(query.data()) + 2, query.size() - 2};
    socket.asked[id % kWindow] = {now, id, static_cast<std::uint16_t>(question)};
  }
  const int taken = ::sendmmsg(socket.fd.get(), batch.out.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
  const auto sent = static_cast<std::size_t>(std::max(taken, 0));
  for (std::size_t i = sent; i < count; ++i) {
    socket.asked[static_cast<std::uint16_t>(socket.next_id + i) % kWindow] = {};
  }
  socket.next_id = static_cast<std::uint16_t>(socket.next_id + sent);
  next_question_ = (next_question_ + sent) % Questions::kCount;
  counts_.sent += sent;
  counts_.unsent += count - sent;
}

void UdpLoad::receive(int timeout_ms) {
  std::array<epoll_event, kClients> events;
  const int got = ::epoll_wait(epoll_.get(), events.data(), kClients, timeout_ms);
  for (int i = 0; i < got; ++i) drain(sockets_[events[static_cast<std::size_t>(i)].data.u64]);
}

void UdpLoad::drain(Socket& socket) {
  for (;;) {
    const int got = ::recvmmsg(socket.fd.get(), batch_->in.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (got <= 0) return;
    const std::uint64_t now = now_us();
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
      judge(socket, std::span(batch_->octets[i]).first(batch_->in[i].msg_len), now);
    }
    if (static_cast<std::size_t>(got) < kBatch) return;
  }
}

void UdpLoad::judge(Socket& socket, std::span<const std::uint8_t> message, std::uint64_t now) {
  const auto id = static_cast<std::uint16_t>(message.size() < 2 ? 0 : message[0] << 8 | message[1]);
  Socket::Asked& asked = socket.asked[id % kWindow];
  if (message.size() < 2 || asked.at_us == 0 || asked.id != id) {
    ++counts_.unasked;
    return;
  }
  const std::uint64_t took = now - asked.at_us;
  const bool right = questions_.answers(asked.question, message);
  asked = {};
  if (!right) {
    ++counts_.wrong;
  } else if (took > kAnswerLimitUs) {
    ++counts_.late;
  } else {
    ++counts_.answered;
    counts_.truncated += is_truncated(message) ? 1 : 0;
    ++latencies_[took / kStepUs];
  }
}

std::uint64_t UdpLoad::latency_us(double share) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(counts_.answered));
  std::uint64_t seen = 0;
  for (std::size_t step = 0; step < latencies_.size(); ++step) {
    seen += latencies_[step];
    if (seen >= wanted) return (step + 1) * kStepUs;
  }
  return kAnswerLimitUs;
}

}  // namespace imrs::siege
