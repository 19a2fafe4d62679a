// The agent's side of the auditor's channel. Called by the supervisor and by Processes. It must never let an
// image pass without the verdict on its very digest.
#include "agent/audit_link.h"

#include <array>

#include "agent/base/log.h"
#include "agent/base/memfd.h"

namespace imrs::agent {
namespace {

constexpr std::chrono::seconds kTimeLimit{
    20};  // of one audit; one of the root zone takes well under a second
constexpr int kEndsUntilGivenUp = 2;

void log_failure(std::string_view what, const Result<void>& result) {
  if (!result) log_error("auditor: {}: {}", what, result.error().message);
}

}  // namespace

AuditLink::AuditLink(boost::asio::any_io_executor executor, const Config& config, Processes& processes,
                     const TrustedClock& clock)
    : timer_(executor),
      retry_timer_(std::move(executor)),
      config_(config),
      processes_(processes),
      clock_(clock) {}

void AuditLink::start(std::function<void(SharedImage)> on_passed, Retry retry) {
  on_passed_ = std::move(on_passed);
  retry_ = retry;
  processes_.keep(Program::Audit, {.started = [this] { send_setup(); },
                                   .message = [this](const Packet& packet) { on_message(packet); },
                                   .ended = [this] { on_ended(); }});
}

void AuditLink::audit(Candidate next_one) {
  given_up_.reset();
  retry_timer_.cancel();
  retried_ = false;
  waiting_ = std::move(next_one);
  if (!asked_) next();
}

void AuditLink::next() {
  timer_.cancel();
  ends_ = 0;
  asked_ = false;
  again_ = false;
  current_ = std::exchange(waiting_, std::nullopt);
  if (!current_) return;
  send_request();
  limit_time();
}

void AuditLink::look_again() {
  if (current_ || !passed_) return;
  ends_ = 0;
  asked_ = false;
  again_ = true;
  current_ = passed_;
  send_request();
  limit_time();
}

void AuditLink::send_setup() {
  const std::string json = audit_settings_json(config_);
  auto memfd = make_sealed_memfd("imrs-audit-settings",
                                 std::span(reinterpret_cast<const std::uint8_t*>(json.data()), json.size()));
  if (!memfd) return log_error("auditor: {}", memfd.error().message);
  const std::array fds{memfd->get()};
  log_failure("setup", processes_.send(Program::Audit, AuditSetup{}, fds));
  if (current_) send_request();
}

void AuditLink::send_request() {
  if (processes_.pid(Program::Audit) == 0) return;  // it gets the request with its setup
  AuditRequest request;
  request.digest = current_->image.image->digest();
  request.now = clock_.now();
  request.again = again_ ? 1 : 0;
  const std::array fds{current_->image.memfd->get(), current_->contents->get()};
  const auto sent = processes_.send(Program::Audit, request, fds);
  log_failure("request", sent);
  asked_ = sent.ok();
}

void AuditLink::limit_time() {
  timer_.expires_after(kTimeLimit);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !current_) return;
    processes_.kill(Program::Audit, "its audit takes too long");
    limit_time();
  });
}

void AuditLink::on_message(const Packet& packet) {
  if (auto verdict = packet.as<AuditVerdict>()) return on_verdict(*verdict);
  processes_.kill(Program::Audit, fmt::format("sent an unknown message of type {:#x}", packet.type()));
}

void AuditLink::on_verdict(const AuditVerdict& verdict) {
  if (!current_ || verdict.digest != current_->image.image->digest()) return;  // on one given up meanwhile
  if (verdict.passed != 1) return give_up(verdict.text.str());
  untrusted_.clear();
  if (again_) return next();
  trouble_.clear();
  took_ms_ = verdict.audit_ms;
  log_info("image audited in {} ms: {}", verdict.audit_ms, verdict.text.str());
  passed_ = current_;
  on_passed_(current_->image);
  next();
}

// The end may have a reason outside the image, as no memory or a slow machine: so it is audited anew later.
void AuditLink::on_ended() {
  if (!std::exchange(asked_, false) || !current_ || ++ends_ < kEndsUntilGivenUp) return;
  if (!again_ && !waiting_) {
    given_up_ = current_;
    try_again_later();
  }
  give_up("the auditor has ended twice with it");
}

void AuditLink::try_again_later() {
  retry_timer_.expires_after(retried_ ? retry_.later : retry_.first);
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !given_up_) return;
    log_info("auditor: the image that it has ended twice with is audited anew");
    retried_ = true;
    waiting_ = std::exchange(given_up_, std::nullopt);
    if (!asked_) next();
  });
}

void AuditLink::give_up(const std::string& why) {
  if (again_) {
    untrusted_ =
        "what is served does not pass its audit any more (shared evidence: no route is withdrawn): " + why;
    log_error("{}", untrusted_);
    return next();
  }
  trouble_ = "the newest image has not passed its audit, what was served before is served on: " + why;
  log_error("{}", trouble_);
  next();
}

}  // namespace imrs::agent
