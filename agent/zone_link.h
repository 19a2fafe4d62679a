// agent/zone_link.h
// The agent's side of imrs-zone: sends it its settings, takes verified images from it, and keeps for
// each zone what the last attempt brought and how old what is served has become.
//
// After an upgrade in place the image that is served may hold other zones than the configuration, until
// imrs-zone's first image is served: one that is only in the image grows old like any other, and is told of
// nowhere; one that is only in the configuration is not served yet.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
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
#include "agent/wall_clock.h"

namespace imrs::agent {

class ZoneLink {
 public:
  // With an imrs-zone that gives no sign of life. It gives one between any two of the things that it may wait
  // for, none of which takes longer than two minutes.
  static constexpr std::chrono::minutes kPatience{5};

  // `notify`: what imrs-zone is to receive NOTIFY by; may be none.
  ZoneLink(boost::asio::any_io_executor executor, const Config& config, Processes& processes,
           const TrustedClock& clock, std::vector<UniqueFd> notify);
  ZoneLink(const ZoneLink&) = delete;
  ZoneLink& operator=(const ZoneLink&) = delete;

  // Keeps imrs-zone running. `on_image`: a new image whose seals, checksum and digest are right, for the
  // auditor. `note`: why one that hangs was killed, for the history.
  void start(std::function<void(Candidate)> on_image, std::function<void(std::string)> note,
             std::chrono::milliseconds patience = kPatience);

  [[nodiscard]] const std::vector<UniqueFd>& notify() const noexcept { return notify_; }

  // The engine is about to get this image. If its zones are not those of the one before, no zone counts as
  // expired until it is served: what is said by places in the image would hit another zone there.
  void on_offered(const image::Image& image);
  // The engine serves this image now.
  void on_served(const image::Image& image);
  // No image is on offer: what is served is what was served before.
  void on_settled() { reordered_ = false; }

  // What ails the copies of the zones on disk; empty: nothing.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

  // Why the root may not be announced, if it may not.
  [[nodiscard]] std::optional<Expired> root_expired(const std::optional<SharedCheck>& waived) const;

  // Zones but the root that have expired: bit i for the image's zone i (EngineSettings::expired).
  [[nodiscard]] std::uint32_t expired_zones() const;

  // The clock has been set (agent/wall_clock.h). No zone becomes younger by it than it was by the old time,
  // but one whose confirmation was written down at a time that was right.
  void on_clock_set();

  // When a primary last had the root zone that is served, trusted time; 0: never, or none is served.
  [[nodiscard]] RootZone root_zone() const;

  using Confirmed = std::map<std::string, Confirmation>;  // by origin

  // The engine is about to get an image that was kept, and that a primary had no later than `audited`. When
  // it had each of the zones says imrs-zone, if it has them on disk.
  void restored(const image::Image& image, std::int64_t audited);
  // An agent before this one serves the image; its confirmed().
  void taken_over(const image::Image& image, const Confirmed& confirmed);

  // When a primary last had each of the zones served; for handing over.
  [[nodiscard]] Confirmed confirmed() const;

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
    Confirmation refreshed;
    std::uint32_t delegations = 0;
    // A version from the disk and when a primary last had it; its image is still on its way.
    std::uint32_t stored_serial = 0;
    Confirmation stored;  // its time 0: there is none
    // What imrs-zone last said of a version's size.
    std::uint32_t sized_serial = 0, axfr_octets = 0;
  };

  void refresh(Tracked& zone) const;
  [[nodiscard]] Tracked& tracked(const std::string& origin);
  [[nodiscard]] ZoneAge age_of(const Tracked& zone) const;
  void wait_for_life(std::chrono::milliseconds time);
  void send_setup();
  void on_message(Packet packet);
  void on_image(const ZoneImage& message, UniqueFd memfd, UniqueFd contents);
  void on_primary(const PrimaryReport& report);
  void on_report(const ZoneReport& report);
  void on_trouble(const ZoneTrouble& trouble);

  [[nodiscard]] std::optional<std::string> unacceptable(const image::Image& image) const;
  [[nodiscard]] std::map<std::string, ServedZone> served() const;

  boost::asio::steady_timer timer_;
  std::chrono::milliseconds patience_ = kPatience;
  const Config& config_;
  Processes& processes_;
  const TrustedClock& clock_;
  std::int64_t clock_offset_;  // when it was last set
  std::vector<UniqueFd> notify_;
  std::function<void(Candidate)> on_image_;
  std::function<void(std::string)> note_;
  std::map<std::string, Tracked> zones_;    // the configured ones, and no others
  std::map<std::string, Tracked> leaving_;  // what is served besides, after an upgrade in place
  std::vector<const Tracked*> order_;       // what is served, as in the image
  bool reordered_ = false;                  // the image on offer has other zones
  std::string trouble_, oddities_;
  LoadState load_;
};

}  // namespace imrs::agent
