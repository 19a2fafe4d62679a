// tests/bench/basics.h
// What the load programs share: clock, pinning, addresses, command line. Programs for one measurement each:
// anything wrong ends them with a message and status 2.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imrs::bench {

[[noreturn]] void die(std::string_view what);  // with errno's text

[[nodiscard]] std::uint64_t now_ns();  // CLOCK_MONOTONIC

void pin_to(int cpu);  // the calling thread; negative: left alone

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] int family() const { return storage.ss_family; }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] bool is_loopback() const;  // 127.0.0.0/8
};

[[nodiscard]] Address parse_address(const std::string& host, const std::string& port);

// 4 MB each way, as far as the kernel allows.
void enlarge_buffers(int fd);

// Positional arguments, then "--name value" pairs.
class Arguments {
 public:
  Arguments(int argc, char** argv, std::size_t positional, std::string_view usage);
  [[nodiscard]] const std::string& operator[](std::size_t i) const { return positional_[i]; }
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback);
  [[nodiscard]] double number(std::string_view name, double fallback);
  [[nodiscard]] unsigned count(std::string_view name, unsigned fallback, unsigned low, unsigned high);
  void done() const;  // refuses options nobody asked for
  [[noreturn]] void fail() const;

 private:
  struct Option {
    std::string name, value;
    bool used = false;
  };
  std::string_view usage_;
  std::vector<std::string> positional_;
  std::vector<Option> options_;
};

}  // namespace imrs::bench
