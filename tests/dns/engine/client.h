// tests/dns/engine/client.h
// A DNS client on loopback. Every call gives up after kPatienceMs.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/family.h"
#include "agent/base/unique_fd.h"
#include "tests/support/answers.h"

namespace imrs::test {

// Longer than a busy machine leaves a thread without a processor.
inline constexpr int kPatienceMs = 60000;

// Connected to the loopback address of the family.
[[nodiscard]] UniqueFd connect_to(Family family, Transport transport, std::uint16_t port);

// One query by UDP; empty if no response came.
[[nodiscard]] Octets ask_udp(Family family, std::uint16_t port, std::span<const std::uint8_t> query);

// Messages with their length in front, for TCP.
void append_framed(Octets& stream, std::span<const std::uint8_t> query);
[[nodiscard]] bool send_all(int fd, std::span<const std::uint8_t> octets);
// The next message; empty at the end of the stream.
[[nodiscard]] Octets read_framed(int fd);
// Sends one query and reads its response.
[[nodiscard]] Octets ask_tcp(int fd, std::span<const std::uint8_t> query);

// True once the peer has closed or reset the connection, without reading from it.
[[nodiscard]] bool wait_until_closed(int fd);

}  // namespace imrs::test
