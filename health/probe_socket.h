// health/probe_socket.h
// What the probes' exchanges share: sockets that carry the target's mark and stand at its own address, and
// whose fault it was when one fails. Only for health/probe_*.cc.
#pragma once

#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>
#include <string>
#include <string_view>

#include "health/exchange.h"

namespace imrs::health {

// Errc::Unavailable: a reason of our own.
[[nodiscard]] Error own_fault(const boost::system::error_code& error, std::string_view what);
// Errc::Closed where the engine's end can have caused it, else own_fault().
[[nodiscard]] Error failure(const boost::system::error_code& error, std::string_view what);
[[nodiscard]] Result<void> set_option(int socket, int level, int name, const void* value, std::size_t size,
                                      const char* what);

// Opens and marks; bind_here() then takes the target's own address, which may be gone (Errc::Closed).
template <typename Socket>
Result<void> open_marked(Socket& socket, const Target& target) {
  using Protocol = typename Socket::protocol_type;
  boost::system::error_code error;
  socket.open(target.family == Family::V4 ? Protocol::v4() : Protocol::v6(), error);
  if (error) return own_fault(error, "socket");
  return set_option(socket.native_handle(), SOL_SOCKET, SO_MARK, &target.mark, sizeof target.mark, "SO_MARK");
}

template <typename Socket>
Result<void> bind_here(Socket& socket, const Target& target) {
  boost::system::error_code error;
  socket.bind({boost::asio::ip::make_address(target.address), 0}, error);
  if (error == boost::system::errc::address_not_available) {
    return Error{Errc::Closed, "the service address is not on this machine"};
  }
  if (error) return own_fault(error, "bind");
  return {};
}

template <typename Protocol>
typename Protocol::endpoint endpoint_of(const Target& target) {
  return {boost::asio::ip::make_address(target.address), target.port};
}

}  // namespace imrs::health
