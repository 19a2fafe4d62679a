// health/exchange.h
// One question over one transport, by coroutine: send, wait for the response with the same ID. The
// caller races it against a timer; cancelling it closes the socket. The question leaves from the service
// address itself, which has to be on this machine: who else has that address is never asked.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "health/prober.h"

namespace imrs::health {

// The response octets; Errc::Closed if the other side refused or cut, or the service address is not on
// this machine; Errc::Unavailable if the question could not be asked for a reason of our own.
using Response = Result<std::vector<std::uint8_t>>;

[[nodiscard]] boost::asio::awaitable<Response> exchange_udp(const Target& target,
                                                            std::span<const std::uint8_t> query);
[[nodiscard]] boost::asio::awaitable<Response> exchange_tcp(const Target& target,
                                                            std::span<const std::uint8_t> query);

}  // namespace imrs::health
