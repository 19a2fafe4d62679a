// agent/routing.h
// Joins what health knows to what bgp does: probes every target, feeds each family's decision, and
// states the desired announcements. `health` and `bgp` do not know each other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/device.h"
#include "agent/snapshot/snapshot.h"
#include "bgp/announcement.h"
#include "bgp/speaker.h"
#include "health/decision.h"
#include "health/expectations.h"
#include "health/prober.h"

namespace imrs::agent {

// One target per service address, transport and worker. Pure.
[[nodiscard]] std::vector<health::Target> make_targets(const ServiceConfig& service, std::uint32_t workers);

class Routing {
 public:
  struct Hooks {
    std::function<health::Pressure(const health::Target&)> pressure;
    std::function<void(std::string_view reason)> engine_unfit;  // it answers wrong, or not at all
    std::function<void()> changed;                              // the snapshot should go out now
  };

  Routing(boost::asio::any_io_executor executor, const Config& config, health::Expectations& expectations,
          AnycastDevice& device, bgp::Speaker& speaker, Hooks hooks);

  // From when the device exists.
  void start_probing();

  void set_expiry(bool expired, const std::string& detail);

  // States that nothing is to be announced any more, whatever the probes say.
  void withdraw_all(const std::string& reason);

  [[nodiscard]] std::vector<FamilyState> families() const;
  [[nodiscard]] std::vector<ProbeState> probes() const;

 private:
  struct FamilyDecision {
    Family family;
    health::State state;
    std::int64_t since_ms = 0;
  };

  void on_probe(const health::Target& target, health::Evidence evidence, const std::string& detail);
  health::Verdict feed(FamilyDecision& decision, const health::Event& event);
  void announce();
  [[nodiscard]] FamilyDecision& decision(Family family);

  boost::asio::any_io_executor executor_;
  const Config& config_;
  health::Policy policy_;
  health::Expectations& expectations_;
  AnycastDevice& device_;
  bgp::Speaker& speaker_;
  Hooks hooks_;
  std::vector<health::Target> targets_;
  std::vector<ProbeState> probes_;  // one per target
  std::vector<FamilyDecision> decisions_;
  std::vector<std::unique_ptr<health::Prober>> probers_;
};

}  // namespace imrs::agent
