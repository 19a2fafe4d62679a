// agent/zone_link.h
// The agent's side of imrs-zone: sends it its settings, takes verified images from it, and keeps for
// each zone what the last attempt brought and how old what is served has become.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine_link.h"
#include "agent/expiry.h"
#include "agent/processes.h"
#include "agent/snapshot/snapshot.h"
#include "agent/trusted_clock.h"

namespace imrs::agent {

class ZoneLink {
 public:
  // `settings_json`: zone_settings_json() of the configuration.
  ZoneLink(std::string settings_json, Processes& processes, const TrustedClock& clock);

  // Keeps imrs-zone running. `on_image`: a new image whose seals, checksum and digest are right.
  void start(std::function<void(SharedImage)> on_image);

  // The engine serves this image now.
  void on_served(const image::Image& image);

  // Why the root may not be announced, if it may not.
  [[nodiscard]] std::optional<std::string> root_expired() const;

  [[nodiscard]] std::vector<ZoneState> states() const;

 private:
  struct Tracked {
    ZoneState state;
    std::int64_t refreshed = 0;  // trusted time
  };

  void send_setup();
  void on_message(Packet packet);
  void on_image(const ZoneImage& message, UniqueFd memfd);
  void on_report(const ZoneReport& report);

  std::string settings_json_;
  Processes& processes_;
  const TrustedClock& clock_;
  std::function<void(SharedImage)> on_image_;
  std::map<std::string, Tracked> zones_;
};

}  // namespace imrs::agent
