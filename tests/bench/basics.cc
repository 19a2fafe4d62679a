// Clock, pinning, addresses and the command line of the load programs. Called by their main functions and
// loops; does nothing to the network by itself.
#include "tests/bench/basics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace imrs::bench {

void die(std::string_view what) {
  std::fprintf(stderr, "%.*s: %s\n", int(what.size()), what.data(), std::strerror(errno));
  std::exit(2);
}

std::uint64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::uint64_t(time.tv_sec) * 1'000'000'000 + std::uint64_t(time.tv_nsec);
}

void pin_to(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(std::size_t(cpu), &set);
  errno = ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
  if (errno != 0) die("CPU " + std::to_string(cpu));
}

bool Address::is_loopback() const {
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
  return family() == AF_INET && (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
}

Address parse_address(const std::string& host, const std::string& port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  const auto number = std::uint16_t(std::strtoul(port.c_str(), nullptr, 10));
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(number);
    address.length = sizeof *v4;
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(number);
    address.length = sizeof *v6;
  } else {
    std::fprintf(stderr, "%s: not an address\n", host.c_str());
    std::exit(2);
  }
  return address;
}

void enlarge_buffers(int fd) {
  const int size = 4 << 20;
  for (const int option : {SO_RCVBUF, SO_SNDBUF}) {
    if (::setsockopt(fd, SOL_SOCKET, option, &size, sizeof size) < 0) die("socket buffer");
  }
}

Arguments::Arguments(int argc, char** argv, std::size_t positional, std::string_view usage) : usage_(usage) {
  const std::vector<std::string> all(argv + 1, argv + argc);
  if (all.size() < positional) fail();
  const auto split = all.begin() + std::ptrdiff_t(positional);
  positional_.assign(all.begin(), split);
  for (auto it = split; it != all.end(); it += 2) {
    if (!it->starts_with("--") || it + 1 == all.end()) fail();
    options_.push_back({it->substr(2), *(it + 1)});
  }
}

std::string Arguments::text(std::string_view name, std::string_view fallback) {
  const auto found = std::ranges::find(options_, name, &Option::name);
  if (found == options_.end()) return std::string(fallback);
  found->used = true;
  return found->value;
}

double Arguments::number(std::string_view name, double fallback) {
  const std::string value = text(name, "");
  if (value.empty()) return fallback;
  char* end = nullptr;
  const double parsed = std::strtod(value.c_str(), &end);
  if (*end != '\0') fail();
  return parsed;
}

unsigned Arguments::count(std::string_view name, unsigned fallback, unsigned low, unsigned high) {
  return unsigned(std::clamp(number(name, fallback), double(low), double(high)));
}

void Arguments::done() const {
  for (const Option& option : options_) {
    if (option.used) continue;
    std::fprintf(stderr, "unknown option --%s\n", option.name.c_str());
    fail();
  }
}

void Arguments::fail() const {
  std::fprintf(stderr, "usage: %.*s\n", int(usage_.size()), usage_.data());
  std::exit(2);
}

}  // namespace imrs::bench
