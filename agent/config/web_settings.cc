// From the configuration to imrs-web and back. Called by the agent (writing) and imrs-web (reading).
#include "agent/config/web_settings.h"

#include <nlohmann/json.hpp>

namespace imrs {

NLOHMANN_JSON_SERIALIZE_ENUM(Family, {{Family::V4, "ipv4"}, {Family::V6, "ipv6"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WebNeighbour, name, family, address, source, as, local_as, hold_time,
                                   keepalive_time, password, gtsm, bfd)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WebService, family, address)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TlsConfig, certificate, key, client_ca)

// Without the key of the sources, which is the engine's.
void to_json(nlohmann::json& json, const Rssac002Config& config) {
  json = {{"service", config.service}, {"prefix", config.prefix}, {"keep_days", config.keep_days}};
}
void from_json(const nlohmann::json& json, Rssac002Config& config) {
  json.at("service").get_to(config.service);
  json.at("prefix").get_to(config.prefix);
  json.at("keep_days").get_to(config.keep_days);
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(WebSettings, identity, appliance, workers, services, neighbours, prefixes,
                                   contact, rssac002, source_key_id, state_directory, tls)

WebSettings web_settings(const Config& config, std::uint64_t source_key_id) {
  WebSettings out;
  out.identity = config.instance.identity;
  out.appliance = config.instance.appliance == InstanceConfig::Appliance::Calypso ? "calypso" : "pandora";
  out.workers = config.engine.workers;
  for (const IpAddress& address : config.service.addresses) {
    out.services.push_back({address.family, address.text});
  }
  for (const NeighbourConfig& one : config.bgp.neighbours) {
    out.neighbours.push_back({.name = one.name,
                              .family = one.address.family,
                              .address = one.address.text,
                              .source = one.source.text,
                              .as = one.as,
                              .local_as = config.bgp.local_as,
                              .hold_time = one.hold_time,
                              .keepalive_time = one.keepalive_time,
                              .password = !one.password.empty(),
                              .gtsm = one.gtsm,
                              .bfd = one.bfd});
  }
  for (const Prefix& prefix : config.prefixes) out.prefixes.push_back(prefix.text);
  out.contact = config.web.contact;
  out.rssac002 = config.rssac002;
  out.source_key_id = source_key_id;
  out.state_directory = config.state_directory;
  if (config.web.tls) out.tls = *config.web.tls;
  return out;
}

std::string to_json(const WebSettings& settings) {
  return nlohmann::json(settings).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<WebSettings> web_settings_from_json(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    auto settings = json.get<WebSettings>();
    // What would be understood otherwise than it is written: a number that does not fit, a word that is none.
    if (nlohmann::json(settings) != json) {
      return Error{Errc::InvalidInput, "settings from the agent: not as this version writes them"};
    }
    return settings;
  } catch (const nlohmann::json::exception& error) {
    return Error{Errc::InvalidInput, std::string("settings from the agent: ") + error.what()};
  }
}

}  // namespace imrs
