// agent/routing.h
// Joins what health knows to what bgp does: probes every target, feeds each neighbour's decision, and
// states the desired announcements. `health` and `bgp` do not know each other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/device.h"
#include "agent/hand_over.h"
#include "agent/history.h"
#include "agent/orders.h"
#include "agent/snapshot/snapshot.h"
#include "agent/wall_time.h"
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
          AnycastDevice& device, bgp::Speaker& speaker, History& history, Hooks hooks);

  // From when the device exists.
  void start_probing();

  void set_expiry(bool expired, const std::string& detail);
  void set_way_out(Family family, const health::WayOut& way_out);
  // The device has gone: everybody is to be told of nothing, and rises anew when the probes pass.
  void start_over(const std::string& reason);

  // Which decisions an order is about: all that fit.
  struct Selection {
    std::optional<Family> family;
    std::string neighbour;  // empty: any
  };
  // How many fit. A drain goes on as it began when it is ordered again.
  std::size_t order(const Selection& selection, const health::Order& order);
  // An order that stood before the start: whoever was drained is so at once.
  void restore(const std::string& neighbour, const health::Order& order);
  // Neighbours that have been asked for long enough to prefer others, or bring hardly anything any more, are
  // drained now. `queries_per_second`: by family.
  void advance_drains(const std::array<double, 2>& queries_per_second);

  // Before the end: every neighbour that nothing was ordered for is asked to prefer others; then whoever is
  // being drained is drained. Neither brings back what was withdrawn.
  void drain_rest(const std::string& reason);
  void finish_drains(const std::string& reason);

  // States that nothing is to be announced any more, whatever the probes say.
  void withdraw_all(const std::string& reason);

  // For an agent that hands over to the next one, and for that one, before it starts: what fits none of its
  // neighbours is forgotten.
  [[nodiscard]] std::vector<HandedDecision> hand_over() const;
  void adopt(const std::vector<HandedDecision>& decisions);
  [[nodiscard]] bgp::AnnouncedSet wanted() const;

  // Drain and Withdraw that stand, for who keeps them.
  [[nodiscard]] std::vector<StandingOrders::Overlaid> standing() const;
  [[nodiscard]] bool announces_anything() const;
  [[nodiscard]] std::vector<DecisionState> decisions() const;
  [[nodiscard]] std::vector<ProbeState> probes() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Decision {
    Decision(Family of, std::string to, std::size_t targets)
        : family(of), neighbour(std::move(to)), state(targets), since_ms(wall_ms()) {}

    Family family;
    std::string neighbour;  // empty: none of the family; its probes still say whether the engine is of use
    health::State state;
    std::int64_t since_ms = 0;
    Clock::time_point drain_began{};
  };

  void on_probe(const health::Target& target, health::Evidence evidence, const std::string& detail);
  health::Verdict feed(Decision& decision, const health::Event& event);
  void announce();
  [[nodiscard]] DecisionState describe(const Decision& decision) const;

  boost::asio::any_io_executor executor_;
  const Config& config_;
  health::Policy policy_;
  health::Expectations& expectations_;
  AnycastDevice& device_;
  bgp::Speaker& speaker_;
  History& history_;
  Hooks hooks_;
  std::vector<health::Target> targets_;
  std::vector<ProbeState> probes_;  // one per target
  std::vector<Decision> decisions_;
  std::vector<std::unique_ptr<health::Prober>> probers_;
};

}  // namespace imrs::agent
