// agent/engine_link.h
// What the agent lends its engine: the service sockets, the counter pages, the image. They stay here
// when an engine ends and go to the next one. Also the swap of images: one at a time, and the answers of
// the old one stay right until every worker has switched.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/answer_policy.h"
#include "agent/hand_over.h"
#include "agent/base/messages.h"
#include "agent/counts/pages.h"
#include "agent/processes.h"
#include "agent/service_sockets.h"
#include "agent/shared_image.h"
#include "dns/image/image.h"
#include "health/evidence.h"
#include "health/expectations.h"
#include "health/prober.h"

namespace imrs::agent {

class EngineLink {
 public:
  struct Settings {
    std::string identity;
    std::uint32_t workers = 1;
    std::uint32_t rate_limit = 0;               // EngineConfig::rate_limit
    std::vector<std::string> cookie_secrets{};  // ClusterConfig's; none: the instance makes its own
    std::vector<Family> families{};             // of the service addresses, in their order
    counts::SketchKey source_key{};
    std::chrono::milliseconds settle{1000};  // longer than a probe's time limit
  };

  [[nodiscard]] static Result<std::unique_ptr<EngineLink>> make(boost::asio::any_io_executor executor,
                                                                Settings settings, ServiceSockets sockets,
                                                                Processes& processes,
                                                                health::Expectations& expectations);

  // The same around an engine that an agent before this one has started and that serves `image`.
  [[nodiscard]] static Result<std::unique_ptr<EngineLink>> adopt(
      boost::asio::any_io_executor executor, Settings settings, ServiceSockets sockets, Processes& processes,
      health::Expectations& expectations, const HandedEngine& handed, SharedImage image);
  // False while a new image is on its way, or no engine runs, or none serves yet: hand over later.
  [[nodiscard]] bool can_hand_over() const;
  [[nodiscard]] HandedEngine hand_over() const;

  // Keeps the engine running. `on_serving`: a new image is served by all workers.
  void start(std::function<void(const image::Image&)> on_serving);

  // Hands a new image to the engine; if a swap is going on, after it (only the newest waits). An image
  // that two engines refuse, or that the engine does not take in time or ends with twice, is given up: the
  // one before stays. The same one again changes nothing.
  void publish(SharedImage next);

  // Zones of the image that are to be answered with SERVFAIL (EngineSettings::expired).
  void set_expired(std::uint32_t zones);
  // An image is on its way to the workers.
  [[nodiscard]] bool swapping() const noexcept { return swapping_; }

  // Questions that are dropped because they kill engines, in words.
  [[nodiscard]] std::vector<std::string> alarms() const { return policy_.alarms(); }

  // Why the newest image is not served; empty if it is, or is on its way.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

  // The engine is of no use (wrong, silent): a new one on the same sockets. Not within the first
  // second of an engine's life, in which it may not have had its chance: false then.
  bool replace(std::string_view reason);

  // What a worker has taken from its public sockets of that transport (UDP: of that service address), and
  // what these and its private ones dropped: tells "silent" from "crowded out".
  [[nodiscard]] health::Pressure pressure(const health::Target& target) const;

  // What the workers have counted since the counters were made.
  struct Load {
    std::array<std::uint64_t, 2> queries{};  // by family
    std::uint64_t send_errors = 0;
  };
  [[nodiscard]] Load load() const;
  // All counts (agent/counts/pages.h), for reading only.
  [[nodiscard]] int counters_for_reading() const noexcept { return counters_for_reading_.get(); }
  // From offering the last image until all workers served it, in ms.
  [[nodiscard]] std::uint32_t swap_ms() const noexcept { return swap_ms_; }
  [[nodiscard]] std::uint64_t generation() const noexcept { return serving_; }
  [[nodiscard]] const image::Image* image() const noexcept { return served_.image.get(); }

 private:
  [[nodiscard]] Processes::Handlers handlers();
  EngineLink(boost::asio::any_io_executor executor, Settings settings, AnswerPolicy policy,
             ServiceSockets sockets, Processes& processes, health::Expectations& expectations);

  void send_setup();
  void send_settings();
  void keep_secrets_fresh();
  void send_image();
  void send_image(const SharedImage& shared, std::uint64_t generation);
  void on_message(const Packet& packet);
  void on_ended();
  void wait_for_serving();
  void on_serving(const EngineServing& serving);
  void on_refused(const EngineRefused& refused);
  void give_up(const std::string& why);
  void settle();
  void end_swap();
  [[nodiscard]] const WorkerPage* pages() const noexcept;

  boost::asio::steady_timer swap_timer_, policy_timer_;
  AnswerPolicy policy_;
  Settings settings_;
  ServiceSockets sockets_;
  Processes& processes_;
  health::Expectations& expectations_;
  std::function<void(const image::Image&)> on_serving_;
  Result<void> take_counters(UniqueFd counters);

  UniqueFd counters_, counters_for_reading_;
  Mapping counter_pages_;
  SharedImage served_;                  // by all workers; empty before the first
  SharedImage offered_;                 // handed to the engine, not confirmed yet
  std::optional<SharedImage> waiting_;  // comes after the swap that is going on
  std::chrono::steady_clock::time_point offered_at_{};
  std::uint32_t swap_ms_ = 0;
  std::optional<HandedEngine> handed_;  // until it is started
  bool swapping_ = false;               // from offering until no older answer can be on its way
  int ends_with_offered_ = 0;           // how often the engine has ended since the image was offered
  bool replaced_for_offered_ = false;   // an engine has refused what is offered
  bool settings_due_ = false;           // the engine has them of the agent before this one
  std::string trouble_;
  std::uint64_t generation_ = 0;  // of the last image handed out
  std::uint64_t serving_ = 0;
};

}  // namespace imrs::agent
