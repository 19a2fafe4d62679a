// Whose fault it was. Called by the probes' exchanges.
#include "health/probe_socket.h"

namespace imrs::health {
namespace {

using boost::system::error_code;

// What the engine's end can cause (its port closed, its connection cut, the address' route gone); for
// everything else (no memory, no port, a firewall) it is not to blame.
bool others_fault(const error_code& error) {
  namespace e = boost::asio::error;
  return error == e::connection_refused || error == e::connection_reset || error == e::timed_out ||
         error == e::network_unreachable || error == e::host_unreachable || error == e::broken_pipe ||
         error == e::eof;
}

}  // namespace

Error own_fault(const error_code& error, std::string_view what) {
  return Error{Errc::Unavailable, std::string(what) + ": " + error.message()};
}

Error failure(const error_code& error, std::string_view what) {
  if (!others_fault(error)) return own_fault(error, what);
  return Error{Errc::Closed, std::string(what) + ": " + error.message()};
}

Result<void> set_option(int socket, int level, int name, const void* value, std::size_t size,
                        const char* what) {
  if (::setsockopt(socket, level, name, value, static_cast<socklen_t>(size)) == 0) return {};
  return Error{Errc::Unavailable, system_error(what).message};
}

}  // namespace imrs::health
