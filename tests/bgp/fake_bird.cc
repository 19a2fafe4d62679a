// Started by the speaker's tests. One coroutine per connection.
#include "fake_bird.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace imrs::bgp::test {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr const char* kSince = "2026-11-24 12:46:50.741";

std::string quoted(const std::string& command) {
  const std::size_t first = command.find('"'), last = command.rfind('"');
  return first == last ? "" : command.substr(first + 1, last - first - 1);
}

}  // namespace

FakeBird::FakeBird(asio::io_context& io, std::string path) : io_(io), path_(std::move(path)) {
  for (const char* role : {"specific", "covering", "drain"}) {
    for (const char* neighbour : {"host4", "host6"}) enabled[fmt::format("{}_{}", role, neighbour)] = false;
  }
  start();
}

FakeBird::~FakeBird() { stop(); }

void FakeBird::start() {
  ::unlink(path_.c_str());
  acceptor_ = std::make_shared<Acceptor>(io_, stream_protocol::endpoint(path_));
  asio::co_spawn(io_, accept(acceptor_), asio::detached);
}

void FakeBird::stop() {
  acceptor_->close();
  for (const auto& socket : open_) socket->close();
  open_.clear();
  ::unlink(path_.c_str());
  configure();
}

void FakeBird::configure() {
  for (auto& [name, on] : enabled) on = false;
}

int FakeBird::count(const std::string& command) const {
  return static_cast<int>(std::ranges::count(commands, command));
}

bool FakeBird::none_enabled() const {
  return std::ranges::none_of(enabled, [](const auto& protocol) { return protocol.second; });
}

asio::awaitable<void> FakeBird::accept(std::shared_ptr<Acceptor> acceptor) {
  for (;;) {
    auto [error, socket] = co_await acceptor->async_accept(kNoThrow);
    if (error || !acceptor->is_open()) co_return;
    ++connections;
    open_.push_back(std::make_shared<Socket>(std::move(socket)));
    asio::co_spawn(io_, serve(open_.back()), asio::detached);
  }
}

asio::awaitable<void> FakeBird::serve(std::shared_ptr<Socket> socket) {
  if (greets) (void)co_await write(socket, greeting);
  std::string input;
  for (;;) {
    auto [error, size] = co_await asio::async_read_until(*socket, asio::dynamic_buffer(input), '\n',
                                                         kNoThrow);
    if (error || !socket->is_open()) co_return;
    const std::string command = input.substr(0, size - 1);
    input.erase(0, size);
    if (!input.empty()) ++pipelined;
    commands.push_back(command);
    if (mute || !greets) continue;
    if (on_command) on_command(command);
    const bool goes_on = co_await write(socket, noise + answer(command));
    if (!goes_on) co_return;
  }
}

asio::awaitable<bool> FakeBird::write(std::shared_ptr<Socket> socket, std::string text) {
  const bool ends = cut.has_value();
  if (ends) text.resize(std::min(text.size(), *cut));
  cut.reset();
  const std::size_t step = trickles ? 1 : text.size();
  for (std::size_t done = 0; done < text.size(); done += step) {
    auto [error, size] = co_await asio::async_write(*socket, asio::buffer(text.data() + done, step),
                                                    kNoThrow);
    if (error) co_return false;
  }
  if (ends) socket->close();
  co_return !ends;
}

std::string FakeBird::answer(const std::string& command) {
  if (command.starts_with("enable ")) return set_enabled(quoted(command), true);
  if (command.starts_with("disable ")) return set_enabled(quoted(command), false);
  if (command == "show protocols") return protocols();
  if (command == "show status") return "1000-BIRD 2.0.12\n0013 Daemon is up and running\n";
  if (command.starts_with("show protocols all ")) return details(quoted(command));
  const std::string exports = "show route export ";
  if (command.starts_with(exports)) return exported(command.substr(exports.size()));
  return "9001 syntax error, unexpected CF_SYM_UNDEFINED\n";
}

std::string FakeBird::set_enabled(const std::string& name, bool enable) {
  if (restricted) return "8007 Access denied\n";
  const auto found = enabled.find(name);
  if (found == enabled.end()) return "8003 No protocols match\n";
  const bool same = found->second == enable;
  if (!stuck.contains(name)) found->second = enable;
  if (enable) {
    return fmt::format("{}-{}: {}enabled\n0000 \n", same ? "0010" : "0011", name, same ? "already " : "");
  }
  return fmt::format("{}-{}: {}disabled\n0000 \n", same ? "0008" : "0009", name, same ? "already " : "");
}

std::string FakeBird::protocols() const {
  std::string text = "2002-Name       Proto      Table      State  Since         Info\n";
  text += fmt::format("1002-device1    Device     ---        up     {}  \n", kSince);
  for (const auto& [name, on] : enabled) {
    if (unlisted.contains(name)) continue;
    if (overflowing.contains(name)) {
      text += fmt::format("8000-<line overflow>\n1002-bfd1       BFD        ---        up     {}  \n",
                          kSince);
      continue;
    }
    text += fmt::format(" {:<10} Static     master4    {:<6} {}  \n", name, on ? "up" : "down", kSince);
  }
  for (const auto& [name, session] : sessions) {
    const char* state = session.state == "Established" ? "up" : "start";
    text += fmt::format(" {:<10} BGP        ---        {:<6} {}  {:<13} {}\n", name, state, kSince,
                        session.state, session.last_error);
  }
  return text + "0000 \n";
}

std::string FakeBird::details(const std::string& name) const {
  const auto found = sessions.find(name);
  if (found == sessions.end() || hidden.contains(name)) return "8003 No protocols match\n";
  const FakeSession& session = found->second;
  std::string text = fmt::format("1002-{} BGP --- up {} {}\n1006-  BGP state:          {}\n", name, kSince,
                                 session.state, session.state);
  if (!session.last_error.empty()) text += "     Last error:       " + session.last_error + "\n";
  if (!session.message.empty()) text += "   Message:          " + session.message + "\n";
  return text + " \n0000 \n";
}

std::string FakeBird::exported(const std::string& name) const {
  const auto found = sessions.find(name);
  if (found == sessions.end()) return "9001 syntax error, unexpected CF_SYM_UNDEFINED\n";
  if (secretive.contains(name)) return "8007 Access denied\n";
  if (found->second.state != "Established") return "9001 No valid tables\n";
  std::string text = fmt::format("1007-Table ROUTES_{}:\n", name);
  const auto add = [&](const char* prefix, const char* role) {
    const std::string protocol = fmt::format("{}_{}", role, name);
    const auto known = enabled.find(protocol);
    if (known == enabled.end() || (!known->second && !found->second.wedged)) return;
    if (unexported.contains(prefix)) return;
    text += fmt::format(" {:<20} unicast [{} 12:46:52.976] * (200)\n1007-\tdev anycast0\n", prefix, protocol);
  };
  add(name == "host4" ? "199.7.83.0/24" : "2001:500:9f::/48", "specific");
  add(name == "host4" ? "199.7.82.0/23" : "2001:500:9e::/47", "covering");
  return text + "0000 \n";
}

}  // namespace imrs::bgp::test
