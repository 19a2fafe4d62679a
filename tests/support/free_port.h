// tests/support/free_port.h
// A port for a test's server, free for UDP and TCP.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>

#include "agent/base/unique_fd.h"

namespace imrs::test {

// Below the range of which the kernel gives ports to whoever names none (32768 and more): a client of a test
// that runs beside this one cannot take it before the server does. `address`: of the loopback.
inline std::uint16_t free_port(const std::string& address = "127.0.0.1") {
  constexpr int kTries = 100;
  std::random_device random;
  std::uniform_int_distribution<int> ports(10000, 32767);
  addrinfo numeric{};
  numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  for (int i = 0; i < kTries; ++i) {
    const int port = ports(random);
    addrinfo* name = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &numeric, &name) != 0) break;
    bool free = true;
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
      const UniqueFd fd(::socket(name->ai_family, type | SOCK_CLOEXEC, 0));
      free = free && ::bind(fd.get(), name->ai_addr, name->ai_addrlen) == 0;
    }
    ::freeaddrinfo(name);
    if (free) return static_cast<std::uint16_t>(port);
  }
  throw std::runtime_error("no port of " + address + " is free for both UDP and TCP");
}

}  // namespace imrs::test
