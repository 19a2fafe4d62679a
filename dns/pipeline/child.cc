// The child's two threads: one does the work and may wait for a primary, the other watches the channel, so
// that the process ends as soon as the agent has gone. Called by main.
#include "dns/pipeline/child.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "agent/base/landlock.h"
#include "agent/base/log.h"
#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "agent/base/trusted_clock.h"
#include "dns/pipeline/notify_listener.h"
#include "dns/pipeline/pipeline.h"
#include "dns/pipeline/sandbox.h"

namespace imrs::pipeline {
namespace {

constexpr int kForEver = -1;
constexpr int kAgentPatienceMs = 10000;
constexpr std::chrono::seconds kAliveInterval{10};

Error unexpected(const Packet& packet) {
  return Error{Errc::InvalidInput, fmt::format("unexpected message of type {:#x} and {} octets from "
                                               "the agent (another version?)",
                                               packet.type(), packet.bytes.size())};
}

struct Setup {
  ZoneSettings settings;
  TrustedClock clock;
  NotifyListener::Sockets notify;  // may be none
};

Result<Setup> receive_setup(const Channel& channel) {
  auto packet = channel.wait(kForEver);
  if (!packet) return packet.error();
  const auto message = packet->as<ZoneSetup>();
  if (!message || packet->fds.empty() || packet->fds.size() > 3) return unexpected(*packet);
  auto mapping = map_sealed(packet->fds[0].get());
  if (!mapping) return mapping.error().within("settings from the agent");
  auto settings = parse_zone_settings(
      {reinterpret_cast<const char*>(mapping->bytes().data()), mapping->size()});
  if (!settings) return settings.error().within("settings from the agent");
  Setup setup{.settings = std::move(*settings),
              .clock = TrustedClock(message->clock_offset, message->clock_synchronised != 0),
              .notify = {}};
  if (packet->fds.size() > 1) setup.notify.udp = std::move(packet->fds[1]);
  if (packet->fds.size() > 2) setup.notify.tcp = std::move(packet->fds[2]);
  return setup;
}

// Where this process may still read and write. An operator may replace a zone's or trust anchors' file, so it
// is their directories that count.
FileAccess files_of(const ZoneSettings& settings) {
  const auto directory_of = [](const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string(".") : path.substr(0, slash + 1);
  };
  FileAccess access;
  for (const ZoneConfig& zone : settings.zones) {
    if (!zone.file.empty()) access.read.push_back(directory_of(zone.file));
    for (const std::string& path : zone.trust_anchors) access.read.push_back(directory_of(path));
  }
  if (!settings.state_directory.empty()) access.write.push_back(settings.state_directory + "/zones");
  return access;
}

Result<void> restrict_files_to(const ZoneSettings& settings) {
  auto restricted = restrict_files(files_of(settings));
  if (restricted || restricted.error().code != Errc::Unavailable) return restricted;
  log_warning("{}", restricted.error().message);
  return {};
}

// Sets the clock when the agent says so, which the pipeline notices within a second unless it waits for a
// primary; and ends the process when the agent has gone, or says what this version does not understand.
[[noreturn]] void watch(const Channel& channel, TrustedClock clock) {
  for (;;) {
    auto packet = channel.wait(kForEver);
    if (!packet && packet.error().code == Errc::Closed) ::_exit(0);
    const auto message = packet ? packet->as<ZoneClock>() : std::nullopt;
    if (!message) {
      log_error("{}", packet ? unexpected(*packet).message : packet.error().message);
      ::_exit(1);
    }
    clock.set_offset(message->clock_offset);  // first: what is synchronised is written down
    clock.set_synchronised(message->clock_synchronised != 0);
  }
}

Result<void> start_watching(const Channel& channel, const TrustedClock& clock) {
  UniqueFd copy(::fcntl(channel.fd(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return system_error("duplicate the channel");
  std::thread([own = Channel(std::move(copy)), clock] { watch(own, clock); }).detach();
  return {};
}

// Waits for an agent that is busy, but not for one that hangs.
template <typename Message>
Result<void> send_patiently(const Channel& channel, const Message& message, std::span<const int> fds = {}) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kAgentPatienceMs);
  for (;;) {
    auto sent = channel.send_message(message, fds);
    if (sent || sent.error().code != Errc::Unavailable) return sent;
    if (std::chrono::steady_clock::now() > deadline) return sent;
    pollfd watched{channel.fd(), POLLOUT, 0};
    (void)::poll(&watched, 1, kAgentPatienceMs);
  }
}

// An agent that does not take it now gets the next one.
std::function<void()> alive_to(const Channel& channel) {
  using Steady = std::chrono::steady_clock;
  const auto next = std::make_shared<Steady::time_point>();  // all copies are the same
  return [&channel, next] {
    const auto now = Steady::now();
    if (now < *next) return;
    if (channel.send_message(ZoneAlive{})) *next = now + kAliveInterval;
  };
}

Sink sink_to(const Channel& channel) {
  return {.image =
              [&channel](const ZoneImage& image, int memfd, int contents) {
                const std::array fds{memfd, contents};
                return send_patiently(channel, image, fds);
              },
          .primary = [&channel](const PrimaryReport& report) { return send_patiently(channel, report); },
          .report = [&channel](const ZoneReport& report) { return send_patiently(channel, report); },
          .trouble =
              [&channel](const std::string& text) {
                ZoneTrouble message;
                message.text = text;
                return send_patiently(channel, message);
              },
          .alive = alive_to(channel)};
}

Result<void> look_after_zones(Setup setup, const Channel& channel) {
  auto pipeline = Pipeline::make(setup.settings, setup.clock, sink_to(channel));
  if (!pipeline) return pipeline.error();
  auto keys = tsig_keys_of(setup.settings);
  if (!keys) return keys.error();
  NotifyListener listener(std::move(setup.notify), setup.settings, std::move(*keys), setup.clock);
  if (auto restored = pipeline->restore(); !restored) return restored;
  for (;;) {
    auto next = pipeline->step(std::chrono::steady_clock::now());
    if (!next) return next.error();
    listener.wait(*next);
    for (const wire::Name& origin : listener.read()) pipeline->notified(origin);
  }
}

}  // namespace

Result<void> run_child(Channel channel) {
  if (auto caged = enter_sandbox(); !caged) return caged;
  auto setup = receive_setup(channel);
  if (!setup && setup.error().code == Errc::Closed) return {};
  if (!setup) return setup.error();
  if (auto restricted = restrict_files_to(setup->settings); !restricted) return restricted;
  if (auto watching = start_watching(channel, setup->clock); !watching) return watching;
  auto ended = look_after_zones(std::move(*setup), channel);
  if (!ended && ended.error().code == Errc::Closed) return {};
  return ended;
}

}  // namespace imrs::pipeline
