// Opens the listeners itself and serves a file. Called by main, never on an appliance.
#include "agent/web/standalone.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <charconv>
#include <fstream>
#include <sstream>

#include "agent/base/log.h"
#include "agent/web/sandbox.h"
#include "agent/web/server.h"

namespace imrs::web {
namespace {

using boost::asio::ip::tcp;

Error not_an_endpoint(const std::string& text) {
  return Error{Errc::InvalidInput, text + ": not an address and port (127.0.0.1:8080 or [::1]:8080)"};
}

Result<tcp::endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return not_an_endpoint(text);
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (error || parsed.ec != std::errc() || parsed.ptr != end) return not_an_endpoint(text);
  return tcp::endpoint(address, port);
}

Result<std::vector<UniqueFd>> listen_on(const std::string& text) {
  std::vector<UniqueFd> sockets;
  if (text.empty()) return sockets;
  auto endpoint = parse_endpoint(text);
  if (!endpoint) return endpoint.error();
  boost::asio::io_context io;
  try {
    tcp::acceptor acceptor(io, *endpoint);
    sockets.emplace_back(acceptor.release());
  } catch (const boost::system::system_error& error) {
    return Error{Errc::System, "cannot listen on " + text + ": " + error.code().message()};
  }
  return sockets;
}

Result<Snapshot> read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error{Errc::InvalidInput, path + ": cannot be read"};
  auto snapshot = snapshot_from_json(text.str());
  if (!snapshot) return snapshot.error().within(path);
  return snapshot;
}

// As far as the snapshot knows them.
WebSettings settings_of(const Snapshot& snapshot) {
  WebSettings settings;
  settings.identity = snapshot.identity;
  settings.appliance = snapshot.appliance;
  for (const SessionState& session : snapshot.bgp.sessions) {
    settings.neighbours.push_back({.name = session.name,
                                   .family = session.family,
                                   .address = session.neighbour,
                                   .source = "",
                                   .as = session.neighbour_as,
                                   .local_as = session.local_as});
  }
  return settings;
}

}  // namespace

Result<void> run_standalone(const StandaloneOptions& options) {
  auto snapshot = read_file(options.snapshot);
  if (!snapshot) return snapshot.error();
  auto noc = listen_on(options.noc);
  if (!noc) return noc.error();
  auto ops = listen_on(options.ops);
  if (!ops) return ops.error();
  ServerSettings settings;
  settings.now_ms = [now = snapshot->time_ms + options.age_seconds * 1000] { return now; };
  settings.on_problem = [](const Error& error) { log_warning("{}", error.message); };
  auto counters = counts::Pages::make(1);
  if (!counters) return counters.error();
  auto pages = counts::Pages::map(counters->get(), 1, false);
  if (!pages) return pages.error();
  settings.pages = std::move(*pages);
  settings.web = settings_of(*snapshot);
  auto server = Server::open({std::move(*noc), std::move(*ops)}, std::move(settings));
  if (!server) return server.error();
  (*server)->show(std::move(*snapshot));
  if (auto caged = enter_sandbox({}); !caged) return caged.error().within("sandbox");
  log_info("serving {}", options.snapshot);
  return (*server)->run();
}

}  // namespace imrs::web
