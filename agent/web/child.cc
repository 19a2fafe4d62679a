// Takes settings and sockets from the agent, gives up everything else, serves. Called by main. It ends as
// soon as the agent is gone.
#include "agent/web/child.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "agent/base/log.h"
#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "agent/web/sandbox.h"

namespace imrs::web {
namespace {

constexpr int kForEver = -1;
constexpr std::size_t kBeforeSockets = 2;  // settings and counts

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<WebSettings> settings_from(int memfd) {
  auto mapping = map_sealed(memfd);
  if (!mapping) return mapping.error().within("settings");
  const auto bytes = mapping->bytes();
  return web_settings_from_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::vector<UniqueFd> take(std::vector<UniqueFd>& fds, std::size_t first, std::size_t count) {
  std::vector<UniqueFd> taken;
  for (std::size_t i = 0; i < count; ++i) taken.push_back(std::move(fds[first + i]));
  return taken;
}

Result<void> serve(Channel channel, Setup setup) {
  ServerSettings settings;
  settings.bird_zone = local_zone();
  settings.now_ms = wall_ms;
  settings.on_problem = [](const Error& error) { log_warning("{}", error.message); };
  settings.web = setup.settings;
  settings.pages = std::move(setup.pages);
  auto server = Server::open(std::move(setup.listeners), std::move(settings));
  if (!server) return server.error();
  if (auto followed = (*server)->follow(std::move(channel)); !followed) return followed;
  if (auto caged = enter_sandbox(setup.settings); !caged) return caged.error().within("sandbox");
  return (*server)->run();
}

}  // namespace

Result<Setup> receive_setup(const Channel& channel) {
  auto packet = channel.wait(kForEver);
  if (!packet) return packet.error();
  const auto message = packet->as<WebSetup>();
  const std::size_t fds = packet->fds.size();
  if (!message || message->noc_sockets > fds || message->ops_sockets > fds ||
      fds != kBeforeSockets + message->noc_sockets + message->ops_sockets) {
    return Error{Errc::InvalidInput,
                 fmt::format("unexpected message of type {:#x} with {} descriptors from the agent "
                             "(another version?)",
                             packet->type(), fds)};
  }
  auto settings = settings_from(packet->fds[0].get());
  if (!settings) return settings.error();
  auto pages = counts::Pages::map(packet->fds[1].get(), settings->workers, false);
  if (!pages) return pages.error();
  Setup setup;
  setup.settings = std::move(*settings);
  setup.pages = std::move(*pages);
  setup.listeners.noc = take(packet->fds, kBeforeSockets, message->noc_sockets);
  setup.listeners.ops = take(packet->fds, kBeforeSockets + message->noc_sockets, message->ops_sockets);
  return setup;
}

std::string local_zone() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  return parts.tm_zone == nullptr ? "" : parts.tm_zone;
}

Result<void> run_child(Channel channel) {
  auto setup = receive_setup(channel);
  if (!setup && setup.error().code == Errc::Closed) return {};
  if (!setup) return setup.error();
  log_start("imrs-web", setup->settings.identity, LogLevel::Info);
  auto served = serve(std::move(channel), std::move(*setup));
  if (!served && served.error().code == Errc::Closed) return {};
  return served;
}

}  // namespace imrs::web
