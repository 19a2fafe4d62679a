// agent/audit_link.h
// The agent's side of the auditor: no image goes to the engine before a process of its own, which neither
// made it nor answers from it, has proved every answer. The verdict names the image's digest.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "agent/base/trusted_clock.h"
#include "agent/config/config.h"
#include "agent/processes.h"
#include "agent/shared_image.h"

namespace imrs::agent {

class AuditLink {
 public:
  // `clock`: what signatures are judged by; must outlive this.
  AuditLink(boost::asio::any_io_executor executor, const Config& config, Processes& processes,
            const TrustedClock& clock);

  // When an image is audited anew that the auditor has ended twice with.
  struct Retry {
    std::chrono::milliseconds first = std::chrono::minutes(1);
    std::chrono::milliseconds later = std::chrono::hours(1);
  };

  // Keeps the auditor running. `on_passed`: an image whose every answer is right.
  void start(std::function<void(SharedImage)> on_passed) { start(std::move(on_passed), Retry()); }
  void start(std::function<void(SharedImage)> on_passed, Retry retry);

  // Has it audited; after the one that is being audited (of several only the newest waits). One that fails
  // is given up for good. So is one that the auditor ends twice with (also for taking too long), but for a
  // time only, for the reason may lie outside it; unless a newer one has come. What is served stays.
  void audit(Candidate next);

  // Looks at the image that passed last once more, as of now: its signatures and anchors. Nothing while
  // another is being audited.
  void look_again();

  // Why what is served is not to be trusted any more though its octets are right: a signature, a date, an
  // anchor. Empty if it is. The whole fleet may see the same at the same second: an alarm, no more.
  [[nodiscard]] const std::string& untrusted() const noexcept { return untrusted_; }

  // How long the last audit took, in ms.
  [[nodiscard]] std::uint32_t took_ms() const noexcept { return took_ms_; }

  // Why the newest image does not go live; empty if it has passed or is being audited.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

 private:
  void send_setup();
  void send_request();
  void on_message(const Packet& packet);
  void on_verdict(const AuditVerdict& verdict);
  void on_ended();
  void limit_time();
  void give_up(const std::string& why);
  void try_again_later();
  void next();

  boost::asio::steady_timer timer_, retry_timer_;
  const Config& config_;
  Processes& processes_;
  const TrustedClock& clock_;
  std::function<void(SharedImage)> on_passed_;
  std::optional<Candidate> current_, waiting_;
  std::optional<Candidate> passed_;    // the last one
  std::optional<Candidate> given_up_;  // audited anew when retry_timer_ ends
  Retry retry_;
  bool retried_ = false;  // the newest one has been audited anew already
  bool again_ = false;    // current_ is passed_
  bool asked_ = false;    // the auditor that runs has been asked about current_
  int ends_ = 0;          // of auditors that had been asked about the current one
  std::string trouble_, untrusted_;
  std::uint32_t took_ms_ = 0;
};

}  // namespace imrs::agent
