// UDP. Called by the worker's loop whenever a UDP socket is readable. The hot path of the whole program:
// two system calls per batch, the responder, and counters.
#include "dns/engine/udp_server.h"

#include <strings.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "dns/engine/peer_address.h"

namespace imrs::engine {

UdpBatch::UdpBatch() : memory_(std::make_unique<Memory>()) {
  Memory& m = *memory_;
  for (std::size_t i = 0; i < kMessages; ++i) {
    m.query_parts[i] = {m.queries[i].data(), kQuerySize};
    m.received[i] = {};
    m.received[i].msg_hdr.msg_iov = &m.query_parts[i];
    m.received[i].msg_hdr.msg_iovlen = 1;
    m.received[i].msg_hdr.msg_name = &m.peers[i];
    m.received[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    m.replies[i] = {};
    m.replies[i].msg_hdr.msg_iov = &m.response_parts[i];
    m.replies[i].msg_hdr.msg_iovlen = 1;
  }
}

std::size_t UdpBatch::serve(int fd, Answerer& answerer, WorkerPage& page,
                            TrafficCounters* counters) noexcept {
  Memory& m = *memory_;
  const int got = ::recvmmsg(fd, m.received.data(), kMessages, MSG_DONTWAIT, nullptr);
  if (got <= 0) return 0;
  const auto received = answerer.received();
  used_ = std::max(used_, static_cast<std::size_t>(got));
  std::size_t replies = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
    // For the next time: most batches are small, and to go through all headers before each would cost more
    // than a question does.
    const socklen_t peer_size = std::exchange(m.received[i].msg_hdr.msg_namelen, sizeof(sockaddr_storage));
    const std::span<const std::uint8_t> query(m.queries[i].data(), m.received[i].msg_len);
    const answer::Client client{Transport::Udp, address_of(m.peers[i])};
    const answer::Outcome outcome = answerer.answer(client, query, m.responses[replies], counters);
    if (outcome.size == 0) continue;
    m.response_parts[replies] = {m.responses[replies].data(), outcome.size};
    m.replies[replies].msg_hdr.msg_name = &m.peers[i];
    m.replies[replies].msg_hdr.msg_namelen = peer_size;
    ++replies;
  }
  answerer.rest();
  send(fd, replies, page);
  if (counters != nullptr) answerer.handed_over(Transport::Udp, static_cast<std::size_t>(got), received);
  return static_cast<std::size_t>(got);
}

void UdpBatch::forget() noexcept {
  ::explicit_bzero(memory_->peers.data(), used_ * sizeof memory_->peers[0]);
  ::explicit_bzero(memory_->queries.data(), used_ * sizeof memory_->queries[0]);
  used_ = 0;
}

// What the kernel does not take is dropped: a UDP answer that waits is worth less than the next query.
void UdpBatch::send(int fd, std::size_t replies, WorkerPage& page) noexcept {
  std::size_t sent = 0;
  while (sent < replies) {
    const int n = ::sendmmsg(fd, memory_->replies.data() + sent, static_cast<unsigned>(replies - sent),
                             MSG_DONTWAIT);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      count(page.send_errors);
      ++sent;  // the one at fault; the others still have their chance
    }
  }
}

}  // namespace imrs::engine
