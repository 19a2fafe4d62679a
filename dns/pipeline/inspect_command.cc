// Describes an image. Called by main. Whatever it prints has passed the checks that the engine makes.
#include "dns/pipeline/inspect_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/base/hex.h"
#include "dns/image/image.h"
#include "dns/wire/text.h"

namespace imrs::pipeline {
namespace {

std::string first_end(const image::ZoneSummary& zone) {
  return zone.first_signature_end == 0 ? "none" : wire::utc_text(zone.first_signature_end);
}

const char* yes_no(bool value) { return value ? "verified" : "not verified"; }

std::string as_text(const image::Image& image) {
  std::string out = fmt::format("image    {} octets, digest {}\n", image.bytes().size(),
                                hex_text(image.digest()));
  for (const image::ZoneSummary& zone : image.zones()) {
    out += fmt::format("zone     {}\n  serial               {}\n", zone.origin, zone.serial);
    out += fmt::format("  refresh/retry/expire {} s / {} s / {} s\n", zone.refresh, zone.retry, zone.expire);
    out += fmt::format("  first signature end  {}\n", first_end(zone));
    out += fmt::format("  delegations          {}\n  names                {}\n", zone.delegations,
                       zone.names);
    out += fmt::format("  DNSSEC               {}\n  ZONEMD               {}\n", yes_no(zone.dnssec_verified),
                       yes_no(zone.zonemd_verified));
  }
  return out;
}

nlohmann::ordered_json zone_json(const image::ZoneSummary& zone) {
  nlohmann::ordered_json out;
  out["origin"] = zone.origin;
  out["serial"] = zone.serial;
  out["refresh_seconds"] = zone.refresh;
  out["retry_seconds"] = zone.retry;
  out["expire_seconds"] = zone.expire;
  out["first_signature_end"] = nullptr;
  if (zone.first_signature_end != 0) out["first_signature_end"] = first_end(zone);
  out["delegations"] = zone.delegations;
  out["names"] = zone.names;
  out["dnssec_verified"] = zone.dnssec_verified;
  out["zonemd_verified"] = zone.zonemd_verified;
  return out;
}

std::string as_json(const image::Image& image) {
  nlohmann::ordered_json out;
  out["octets"] = image.bytes().size();
  out["digest"] = hex_text(image.digest());
  out["zones"] = nlohmann::ordered_json::array();
  for (const image::ZoneSummary& zone : image.zones()) out["zones"].push_back(zone_json(zone));
  return out.dump(2) + "\n";
}

}  // namespace

Result<std::string> run_inspect(const std::string& path, bool json) {
  auto image = image::Image::load_file(path);
  if (!image) return image.error();
  return json ? as_json(**image) : as_text(**image);
}

}  // namespace imrs::pipeline
