// The auditor's process: one thread, one request after the other. Called by imrs-zone's main. It must never
// say "passed" of an image other than the one whose digest it names.
#include "dns/audit/child.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>

#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "agent/config/config.h"
#include "dns/audit/audit.h"
#include "dns/audit/sandbox.h"
#include "dns/audit/zone_contents.h"

namespace imrs::audit {
namespace {

constexpr int kForEver = -1;
constexpr int kAgentPatienceMs = 10000;

Error unexpected(const Packet& packet) {
  return Error{Errc::InvalidInput,
               fmt::format("unexpected message of type {:#x}, {} octets and {} descriptors "
                           "from the agent (another version?)",
                           packet.type(), packet.bytes.size(), packet.fds.size())};
}

struct Setting {
  wire::Name origin;
  bool secure = true, check_zonemd = true;
};

struct Settings {
  std::string json;
  ZoneSettings as_sent;
  std::vector<Setting> zones;
  Records anchors = make_records();
  std::size_t threads = audit_threads();
};

Result<Settings> read_settings(const ZoneSettings& from) {
  Settings out;
  for (const ZoneConfig& zone : from.zones) {
    auto origin = wire::Name::parse(zone.origin);
    if (!origin) return origin.error();
    out.zones.push_back({std::move(*origin), zone.dnssec == ZoneConfig::Dnssec::Required,
                         zone.zonemd != ZoneConfig::Zonemd::None});
    for (const std::string& path : zone.trust_anchors) {
      if (auto read = read_trust_anchors(path, out.anchors); !read) return read.error();
    }
  }
  return out;
}

Result<Settings> receive_settings(const Channel& channel) {
  auto packet = channel.wait(kForEver);
  if (!packet) return packet.error();
  if (!packet->as<AuditSetup>() || packet->fds.size() != 1) return unexpected(*packet);
  auto mapping = map_sealed(packet->fds[0].get());
  if (!mapping) return mapping.error().within("settings from the agent");
  std::string json(reinterpret_cast<const char*>(mapping->bytes().data()), mapping->size());
  auto as_sent = parse_zone_settings(json);
  if (!as_sent) return as_sent.error().within("settings from the agent");
  auto settings = read_settings(*as_sent);
  if (!settings) return settings;
  settings->json = std::move(json);
  settings->as_sent = std::move(*as_sent);
  return settings;
}

// The zones as the operator wants them judged. A zone that is not in the settings is an error, and so is one
// of the settings that is missing.
Result<std::vector<ZoneInput>> read_zones(const Settings& settings, int contents) {
  auto mapping = map_sealed(contents);
  if (!mapping) return mapping.error().within("zone contents");
  auto zones = read_zone_contents(mapping->bytes());
  if (!zones) return zones.error();
  for (ZoneInput& zone : *zones) {
    const auto setting = std::ranges::find(settings.zones, zone.origin, &Setting::origin);
    if (setting == settings.zones.end()) {
      return Error{Errc::Refused, "zone contents: zone " + zone.origin.text() + " is not configured"};
    }
    zone.secure = setting->secure;
    zone.check_zonemd = setting->check_zonemd;
  }
  if (zones->size() != settings.zones.size()) {
    return Error{Errc::Refused, "zone contents: " + std::to_string(zones->size()) + " zones, and " +
                                    std::to_string(settings.zones.size()) + " are configured"};
  }
  return zones;
}

Result<std::string> judge(const Settings& settings, const AuditRequest& request, const Packet& packet,
                          const OnPassed& on_passed, Auditor::Memory& verified) {
  auto image = image::Image::map(packet.fds[0].get());
  if (!image) return image.error();
  if ((*image)->digest() != request.digest) {
    return Error{Errc::Refused, "the image is not the one that was announced (its digest differs)"};
  }
  auto zones = read_zones(settings, packet.fds[1].get());
  if (!zones) return zones.error();
  auto auditor = Auditor::make(std::move(*zones), settings.anchors, request.now, settings.threads, &verified);
  if (!auditor) return auditor.error();
  auto report = auditor->audit(**image);
  if (!report) return report.error();
  if (on_passed && request.again == 0) on_passed(**image, request.now);
  return report->text();
}

Result<void> send_patiently(const Channel& channel, const AuditVerdict& verdict) {
  auto sent = channel.send_message(verdict);
  if (sent || sent.error().code != Errc::Unavailable) return sent;
  pollfd watched{channel.fd(), POLLOUT, 0};
  (void)::poll(&watched, 1, kAgentPatienceMs);
  return channel.send_message(verdict);
}

Result<void> answer_requests(const Channel& channel, const Settings& settings, const OnPassed& on_passed) {
  Auditor::Memory verified;
  for (;;) {
    auto packet = channel.wait(kForEver);
    if (!packet) return packet.error();
    const auto request = packet->as<AuditRequest>();
    if (!request || packet->fds.size() != 2) return unexpected(*packet);
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = judge(settings, *request, *packet, on_passed, verified);
    const auto took = std::chrono::steady_clock::now() - start;
    AuditVerdict verdict;
    verdict.passed = outcome ? 1 : 0;
    verdict.audit_ms = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    verdict.digest = request->digest;
    verdict.text = outcome ? *outcome : outcome.error().message;
    if (auto sent = send_patiently(channel, verdict); !sent) return sent;
  }
}

Result<void> run(const Channel& channel, const Prepare& prepare) {
  auto settings = receive_settings(channel);
  if (!settings) return settings.error();
  prepare_signatures();
  auto on_passed = prepare(settings->json, settings->as_sent);
  if (!on_passed) return on_passed.error();
  if (auto caged = enter_sandbox(*on_passed ? Files::Kept : Files::None); !caged) return caged;
  return answer_requests(channel, *settings, *on_passed);
}

}  // namespace

Result<void> run_child(Channel channel, const Prepare& prepare) {
  auto ended = run(channel, prepare);
  if (!ended && ended.error().code == Errc::Closed) return {};
  return ended;
}

}  // namespace imrs::audit
