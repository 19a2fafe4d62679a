// The steering program. Called once per group when the service sockets are opened. Loads beyond the
// packet end the program with 0, the first public socket: an odd packet can never reach a private one.
#include "agent/steering.h"

#include <sys/socket.h>

namespace imrs::agent {
namespace {

// Offsets from the network header (SKF_NET_OFF). IPv4 options or IPv6 extension headers only make the
// hash use other octets of the same packet.
constexpr std::uint32_t kNet = static_cast<std::uint32_t>(SKF_NET_OFF);
constexpr std::uint32_t kSource4 = kNet + 12, kPorts4 = kNet + 20;
constexpr std::uint32_t kSource6 = kNet + 8 + 4, kPorts6 = kNet + 40;  // second word: below a /32
constexpr std::uint32_t kMark = static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_MARK);
constexpr std::uint32_t kGolden = 2654435769U;  // 2^32 / golden ratio

constexpr sock_filter op(int code, std::uint32_t k, std::uint8_t jump_true = 0, std::uint8_t jump_false = 0) {
  return {static_cast<std::uint16_t>(code), jump_true, jump_false, k};
}

}  // namespace

std::vector<sock_filter> steering_program(Family family, std::uint32_t workers) {
  const bool v4 = family == Family::V4;
  return {
      op(BPF_LD | BPF_W | BPF_ABS, kMark),
      op(BPF_JMP | BPF_JGE | BPF_K, kProbeMark, 0, 4),            // below: public
      op(BPF_JMP | BPF_JGE | BPF_K, kProbeMark + workers, 3, 0),  // above: public
      op(BPF_ALU | BPF_SUB | BPF_K, kProbeMark),
      op(BPF_ALU | BPF_ADD | BPF_K, workers),
      op(BPF_RET | BPF_A, 0),
      op(BPF_LD | BPF_W | BPF_ABS, v4 ? kSource4 : kSource6),
      op(BPF_MISC | BPF_TAX, 0),
      op(BPF_LD | BPF_W | BPF_ABS, v4 ? kPorts4 : kPorts6),
      op(BPF_ALU | BPF_XOR | BPF_X, 0),
      op(BPF_ALU | BPF_MUL | BPF_K, kGolden),
      // The upper half of the product, scaled to the workers: its lowest bits would follow the parity of
      // the client's port, and connect(2) on Linux takes ports of one parity.
      op(BPF_ALU | BPF_RSH | BPF_K, 16),
      op(BPF_ALU | BPF_MUL | BPF_K, workers),
      op(BPF_ALU | BPF_RSH | BPF_K, 16),
      op(BPF_RET | BPF_A, 0),
  };
}

Result<void> attach_steering(int fd, Family family, std::uint32_t workers) {
  auto program = steering_program(family, workers);
  const sock_fprog attached{static_cast<unsigned short>(program.size()), program.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof attached) != 0) {
    return system_error("SO_ATTACH_REUSEPORT_CBPF");
  }
  return {};
}

}  // namespace imrs::agent
