// agent/web/limits.h
// What one client may cost. The defaults are those of the program; tests use shorter times.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace imrs::web {

struct Limits {
  std::uint32_t header_bytes = 8 * 1024;    // request line and fields together
  std::size_t connections = 64;             // at once for each audience; more are closed at once
  std::chrono::milliseconds request{5000};  // from connecting, or a request's first octet, to its end
  std::chrono::milliseconds idle{10000};    // between two requests of one connection
  std::chrono::milliseconds send{10000};    // until a reply is taken
  std::chrono::milliseconds linger{1000};   // what is still on its way after a refusal is read
};

}  // namespace imrs::web
