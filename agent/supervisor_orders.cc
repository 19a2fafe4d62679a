// What the operator asks of the running agent. Called by the control socket, for root only. Every order is
// in the history before it is answered; none can make the agent announce what is not right.
#include <fmt/format.h>

#include "agent/spawn.h"
#include "agent/supervisor.h"

namespace imrs::agent {
namespace {

std::string selected(const Request& request) {
  std::string out = request.family ? std::string(to_string(*request.family)) : "";
  if (!request.neighbour.empty()) out += (out.empty() ? "" : " ") + request.neighbour;
  return out.empty() ? "all neighbours" : out;
}

std::string_view verb_of(health::Overlay overlay) {
  switch (overlay) {
    case health::Overlay::None: return "resume";
    case health::Overlay::Drain: return "drain";
    case health::Overlay::Drained: return "drained";
    case health::Overlay::Withdraw: return "withdraw";
  }
  return "unknown";
}

}  // namespace

// What was ordered before this start holds on: maintenance may need a reboot.
void Supervisor::restore_orders() {
  if (!orders_) return;
  for (const auto& one : orders_->overlaid) {
    const health::Overlay overlay = one.order == "drain" ? health::Overlay::Drain : health::Overlay::Withdraw;
    history_.add(Topic::Order, fmt::format("{} {} stands from before this start: {}", one.order,
                                           one.neighbour, one.reason));
    routing_->restore(one.neighbour, {overlay, one.reason});
  }
  const std::int64_t now = clock_.clock().now();
  for (const auto& one : orders_->waived) {
    if (one.until <= now) continue;
    const auto check = parse_check(one.check);
    const auto waived = check ? waivers_.waive(*check, one.until, now) : Result<void>(check.error());
    if (!waived) {
      history_.add(Topic::Order,
                   fmt::format("waiver of {} is dropped: {}", one.check, waived.error().message));
    }
  }
}

ControlReply Supervisor::answer(std::string_view line) {
  const auto request = parse_request(line);
  if (!request) return {error_json(request.error().message)};
  switch (request->kind) {
    case Request::Kind::Status: return {imrs::to_json(snapshot())};
    case Request::Kind::History: return {history_json(history_.all())};
    case Request::Kind::Counters: return {web_.settings(), engine_->counters_for_reading()};
    case Request::Kind::Overlay:
    case Request::Kind::Waive:
    case Request::Kind::EndWaiver: return {carry_out(*request)};
    case Request::Kind::Upgrade:
      if (stopping_) return {error_json("the agent is stopping")};
      if (upgrading_) return {error_json("an upgrade is going on")};
      spawn(context_.get_executor(), upgrade(request->program));
      return {done_json("begun")};
  }
  return {error_json("unknown request")};
}

std::string Supervisor::carry_out(const Request& request) {
  const auto done = obey(request);
  if (!done) return error_json(done.error().message);
  ++order_number_;
  changed();
  return done_json(*done, standing());
}

Result<std::string> Supervisor::obey(const Request& request) {
  if (stopping_) return Error{Errc::Refused, "the agent is stopping"};
  const std::int64_t now = clock_.clock().now();
  if (request.kind == Request::Kind::EndWaiver) {
    waivers_.end(request.check);
    history_.add(Topic::Order, fmt::format("the waiver of {} is ended", to_string(request.check)));
    return fmt::format("{} is not waived any more", to_string(request.check));
  }
  if (request.kind == Request::Kind::Waive) {
    if (auto waived = waivers_.waive(request.check, request.until, now); !waived) return waived.error();
    history_.add(Topic::Order,
                 fmt::format("{} is WAIVED for {} s", to_string(request.check), request.until - now));
    return fmt::format("{} is waived for {} s", to_string(request.check), request.until - now);
  }
  const std::string why = request.reason.empty() ? "by the operator" : request.reason;
  const std::string text = fmt::format("{} {}: {}", verb_of(request.overlay), selected(request), why);
  const std::size_t fit = routing_->order({request.family, request.neighbour}, {request.overlay, why});
  if (fit == 0) {
    return Error{Errc::InvalidInput, "no neighbour is " + selected(request) + "; see imrsctl status"};
  }
  history_.add(Topic::Order, text);
  return text;
}

StandingOrders Supervisor::standing() const {
  StandingOrders orders{
      .start = start_, .number = order_number_, .overlaid = routing_->standing(), .waived = {}};
  for (const auto& [check, until] : waivers_.all()) {
    orders.waived.push_back({std::string(to_string(check)), until});
  }
  return orders;
}

}  // namespace imrs::agent
