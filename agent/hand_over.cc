// Writes and reads what is handed over. Called before and after an agent becomes another by execve(2).
#include "agent/hand_over.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/base/memfd.h"

namespace imrs {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HistoryEntry, time_ms, what, text)
}  // namespace imrs

namespace imrs::agent {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HandedSocket, fd, worker, transport, family, service, probe)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HandedEngine, pid, channel, counters, image, digest, generation, restarts,
                                   started, sockets, secrets, denied, rate_key, own_secrets, renew_at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HandedDecision, neighbour, family, targets, phase, overlay, flaps, reason,
                                   order, expired, way_out, held_until, up_since, drain_began, since_ms)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HandedWaiver, check, until)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Confirmation, time, by_this_clock, at_most)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(HandedOver, version, shape, launcher, only_one, tun, control, carrier,
                                   link_up, notify, noc, ops, engine, decisions, waivers, history,
                                   clock_offset, clock_floor, confirmed, started_ms, start, order_number,
                                   clock_synchronised)

std::vector<int> HandedOver::descriptors() const {
  std::vector<int> all{launcher, only_one, tun, control, engine.channel, engine.counters, engine.image};
  for (const std::vector<int>* more : {&notify, &noc, &ops})
    all.insert(all.end(), more->begin(), more->end());
  for (const HandedSocket& socket : engine.sockets) all.push_back(socket.fd);
  std::erase(all, -1);
  return all;
}

std::string to_json(const HandedOver& state) {
  return nlohmann::json(state).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<HandedOver> parse_handed_over(std::string_view json_text) {
  try {
    const auto json = nlohmann::json::parse(json_text);
    const int version = json.at("version").get<int>();
    if (version != HandedOver::kVersion) {
      return Error{Errc::Refused,
                   fmt::format("the running agent hands over version {}, and this one takes {}: "
                               "restart it instead",
                               version, HandedOver::kVersion)};
    }
    return json.get<HandedOver>();
  } catch (const nlohmann::json::exception& error) {
    return Error{Errc::InvalidInput, std::string("what was handed over: ") + error.what()};
  }
}

std::string shape_of(const Config& config) {
  std::string shape = fmt::format("device {} port {} workers {} users {} {} {} {} {} {} control {}",
                                  config.service.device, config.service.port, config.engine.workers,
                                  config.users.agent_uid, config.users.launcher_uid, config.users.engine_uid,
                                  config.users.zone_uid, config.users.web_uid, config.users.audit_uid,
                                  config.control_socket);
  for (const IpAddress& address : config.service.addresses) shape += " service " + address.text;
  for (const Endpoint& noc : config.web.noc) shape += fmt::format(" noc {} {}", noc.address.text, noc.port);
  for (const Endpoint& ops : config.web.ops) shape += fmt::format(" ops {} {}", ops.address.text, ops.port);
  const std::string management = config.management ? config.management->text : "none";
  return shape + fmt::format(" notify {} {}", management, config.notify_port);
}

Result<HandedOver> read_handed_over(int memfd) {
  const auto mapping = map_sealed(memfd);
  if (!mapping) return mapping.error().within("what was handed over");
  const auto octets = mapping->bytes();
  auto state = parse_handed_over({reinterpret_cast<const char*>(octets.data()), octets.size()});
  if (!state) return state;
  for (const int fd : state->descriptors()) {
    if (::fcntl(fd, F_GETFD) < 0) return system_error(fmt::format("handed descriptor {}", fd));
  }
  return state;
}

}  // namespace imrs::agent
