// imrs-bench-reflector: sends each datagram back with QR set, padded to --size octets, and does nothing else.
// What it reaches is what the kernel's UDP sockets allow (recvmmsg and sendmmsg). Run by tests/bench/compare.
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <thread>
#include <vector>

#include "tests/bench/basics.h"

namespace {

using namespace imrs::bench;

constexpr const char* kUsage = "imrs-bench-reflector ADDRESS PORT [--size 700] [--threads 1] [--cpu N]";
constexpr std::size_t kBuffer = 4096, kBatch = 64;

int open_socket(const Address& address) {
  const int fd = ::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) die("SO_REUSEPORT");
  enlarge_buffers(fd);
  if (::bind(fd, address.get(), address.length) < 0) die("bind");
  return fd;
}

class Reflector {
 public:
  Reflector(int fd, std::size_t size) : fd_(fd), size_(size) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_name = &from_[i];
    }
  }

  [[noreturn]] void run() {
    for (;;) send(receive());
  }

 private:
  unsigned receive() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts_[i] = {buffers_[i].data(), kBuffer};
      messages_[i].msg_hdr.msg_namelen = sizeof from_[i];
    }
    const int n = ::recvmmsg(fd_, messages_.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (n < 0 && errno != EINTR) die("recvmmsg");
    return n < 0 ? 0 : unsigned(n);
  }

  void send(unsigned n) {
    for (std::size_t i = 0; i < n; ++i) {
      buffers_[i][2] |= 0x80;
      parts_[i].iov_len = std::max<std::size_t>(size_, messages_[i].msg_len);
    }
    for (unsigned sent = 0; sent < n;) {
      const int k = ::sendmmsg(fd_, &messages_[sent], n - sent, 0);
      sent += k > 0 ? unsigned(k) : 1;  // one that cannot be sent is left out
    }
  }

  int fd_;
  std::size_t size_;
  std::array<std::array<std::uint8_t, kBuffer>, kBatch> buffers_{};
  std::array<sockaddr_storage, kBatch> from_{};
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> messages_{};
};

void serve(int fd, std::size_t size, int cpu) {
  pin_to(cpu);
  std::make_unique<Reflector>(fd, size)->run();
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments(argc, argv, 2, kUsage);
  const Address address = parse_address(arguments[0], arguments[1]);
  const std::size_t size = arguments.count("size", 700, 12, kBuffer);
  const unsigned threads = arguments.count("threads", 1, 1, 64);
  const int cpu = int(arguments.number("cpu", -1));
  arguments.done();
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back(serve, open_socket(address), size, cpu < 0 ? -1 : cpu + int(i));
  }
  for (auto& thread : running) thread.join();
}
