// Asks BIRD what it exports. Called by the execution of a decommissioning. What cannot be understood is an
// error: it must never be taken for silence.
#include "agent/decommission/exported.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <utility>

#include "bgp/control.h"
#include "bgp/protocols.h"

namespace imrs::decommission {
namespace {

namespace asio = boost::asio;
using Lines = std::vector<std::string>;
constexpr std::chrono::milliseconds kLimit{3000};  // of each answer

// One coroutine: g++ 12 warns, wrongly, of one that is inlined into another.
asio::awaitable<void> ask(std::string path, Result<Lines>& answer) {
  auto control = co_await bgp::Control::open(std::move(path), kLimit);
  if (!control) co_return void(answer = control.error());
  const auto protocols = co_await control->ask("show protocols");
  if (!protocols) co_return void(answer = protocols.error());
  const auto rows = bgp::parse_protocols(*protocols);
  if (!rows) co_return void(answer = rows.error());
  Lines out;
  for (const bgp::ProtocolRow& row : *rows) {
    if (row.proto != "BGP") continue;
    const auto reply = co_await control->ask("show route export " + row.name);
    if (!reply) co_return void(answer = reply.error());
    const auto routes = bgp::parse_exported(*reply);
    if (!routes) co_return void(answer = routes.error());
    for (const bgp::ExportedRoute& route : *routes) out.push_back(route.prefix + " to " + row.name);
  }
  answer = std::move(out);
}

}  // namespace

Result<std::vector<std::string>> exported_by_bird(const std::string& control_socket) {
  asio::io_context context(1);
  Result<Lines> answer = Error{Errc::System, control_socket + ": BIRD could not be asked"};
  asio::co_spawn(context, ask(control_socket, answer), asio::detached);
  context.run();
  return answer;
}

}  // namespace imrs::decommission
