// agent/web/limits.h
// What one client may cost. The defaults are those of the program; tests use shorter times.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace imrs::web {

struct Limits {
  std::uint32_t header_bytes = 8 * 1024;      // request line and fields together
  std::size_t connections = 64;               // at once for each audience; more are closed at once
  std::size_t per_client = 32;                // of these, from one address
  double requests_per_second = 50;            // of each audience; more are answered with 429
  double burst = 300;                         // requests after a pause
  std::chrono::milliseconds handshake{5000};  // of TLS
  std::chrono::milliseconds request{5000};    // from connecting, or a request's first octet, to its end
  std::chrono::milliseconds idle{10000};      // between two requests of one connection
  std::chrono::milliseconds send{10000};      // until a reply is taken
  std::chrono::milliseconds linger{1000};     // what is still on its way after a refusal is read
  std::size_t worth_compressing = 1024;       // octets of a body
};

// Tokens for requests. Pure.
class RequestBudget {
 public:
  explicit RequestBudget(const Limits& limits) : limits_(limits), tokens_(limits.burst) {}

  // False: there have been too many.
  [[nodiscard]] bool take(std::chrono::steady_clock::time_point now) {
    const std::chrono::duration<double> passed = now - last_;
    if (last_ != std::chrono::steady_clock::time_point()) {
      tokens_ = std::min(limits_.burst, tokens_ + passed.count() * limits_.requests_per_second);
    }
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const Limits& limits_;
  double tokens_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace imrs::web
