// agent/zone_link.h
// The agent's side of imrs-zone: sends it its settings, takes verified images from it, and keeps for
// each zone what the last attempt brought and how old what is served has become.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/trusted_clock.h"
#include "agent/audit_link.h"
#include "agent/expiry.h"
#include "agent/processes.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::agent {

class ZoneLink {
 public:
  // `notify`: what imrs-zone is to receive NOTIFY by; may be none.
  ZoneLink(const Config& config, Processes& processes, const TrustedClock& clock,
           std::vector<UniqueFd> notify);

  // Keeps imrs-zone running. `on_image`: a new image whose seals, checksum and digest are right, for the
  // auditor.
  void start(std::function<void(Candidate)> on_image);

  [[nodiscard]] const std::vector<UniqueFd>& notify() const noexcept { return notify_; }

  // The engine serves this image now.
  void on_served(const image::Image& image);

  // What ails the copies of the zones on disk; empty: nothing.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

  // Why the root may not be announced, if it may not.
  [[nodiscard]] std::optional<Expired> root_expired(const std::optional<SharedCheck>& waived) const;

  // Zones but the root that have expired: bit i for the image's zone i (EngineSettings::expired).
  [[nodiscard]] std::uint32_t expired_zones() const;

  // The clock has been set (agent/wall_clock.h).
  void on_clock_set();

  // The engine is about to get an image that was kept, and that a primary had no later than `confirmed`.
  void restored(const image::Image& image, std::int64_t confirmed);

  // The earliest trusted time at which a primary last had one of the zones served; for handing over.
  [[nodiscard]] std::int64_t confirmed() const;

  // Zones that have expired or soon will.
  [[nodiscard]] std::vector<std::string> expiry_alarms() const;

  [[nodiscard]] std::vector<ZoneState> states() const;
  // Of the last image, as far as imrs-zone knows.
  [[nodiscard]] const LoadState& load() const noexcept { return load_; }
  // Records of the newest image's zones that are served around; empty: none.
  [[nodiscard]] const std::string& oddities() const noexcept { return oddities_; }

 private:
  struct Tracked {
    ZoneState state;
    std::int64_t refreshed = 0;  // trusted time
    // A version from the disk and when a primary last had it; its image is still on its way.
    std::uint32_t stored_serial = 0;
    std::int64_t stored_confirmed = 0;
    // What imrs-zone last said of a version's size.
    std::uint32_t sized_serial = 0, axfr_octets = 0;
  };

  [[nodiscard]] ZoneAge age_of(const Tracked& zone) const;
  void send_setup();
  void on_message(Packet packet);
  void on_image(const ZoneImage& message, UniqueFd memfd, UniqueFd contents);
  void on_primary(const PrimaryReport& report);
  void on_report(const ZoneReport& report);
  void on_trouble(const ZoneTrouble& trouble);

  [[nodiscard]] std::optional<std::string> unacceptable(const image::Image& image) const;
  [[nodiscard]] std::map<std::string, std::uint32_t> served_serials() const;

  const Config& config_;
  Processes& processes_;
  const TrustedClock& clock_;
  std::vector<UniqueFd> notify_;
  std::function<void(Candidate)> on_image_;
  std::map<std::string, Tracked> zones_;  // the configured ones
  std::vector<std::string> order_;        // their origins, as in the images
  std::string trouble_, oddities_;
  LoadState load_;
};

}  // namespace imrs::agent
