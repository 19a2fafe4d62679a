// Looks at what BIRD does and puts it right. Run by stay_connected() over a connection that works. It
// must never go on with a plan that announce() has overtaken: an enable left over from it would announce
// what has just been withdrawn.
#include <fmt/format.h>

#include <algorithm>

#include "bgp/speaker_impl.h"

namespace imrs::bgp {
namespace {

namespace asio = boost::asio;

constexpr int kAlreadyDisabled = 8, kDisabled = 9, kAlreadyEnabled = 10, kEnabled = 11, kNoMatch = 8003;
constexpr int kRounds = 3;  // of looking and putting right, before the next tick
// A protocol that has just been disabled is "flush" for some microseconds before it is "down".
constexpr std::chrono::milliseconds kConfirmInterval{5};
constexpr std::chrono::seconds kSessionInterval{1};     // between two looks at a session without change
constexpr std::chrono::milliseconds kLacksAtMost{500};  // until a wanted route has to be exported
constexpr std::chrono::seconds kNudgeAfter{5};          // after the last session came up
constexpr const char* kEstablished = "Established";

std::string not_ours(const std::vector<std::string>& missing) {
  return fmt::format(
      "BIRD does not know {}: its configuration is not ours; \"systemctl reload imrs-bird\" makes it anew",
      fmt::join(missing, ", "));
}

SessionDetails unknown() {
  SessionDetails details;
  details.state = "unknown";
  return details;
}

bool acknowledges(const Reply& reply, bool enable) {
  if (!reply.succeeded()) return false;
  return enable ? reply.has_line(kEnabled) || reply.has_line(kAlreadyEnabled)
                : reply.has_line(kDisabled) || reply.has_line(kAlreadyDisabled);
}

}  // namespace

// BIRD may still have enabled what an agent before this one wanted: nothing else happens before this.
asio::awaitable<Result<void>> Speaker::Impl::disable_all(Control& control) {
  dirty_ = false;
  complaint_.clear();
  next_look_ = Clock::now() + settings_.look_interval;
  std::vector<std::string> missing;
  for (const ProtocolWish& wish : protocols_for(AnnouncedSet(settings_.sessions))) {
    const std::string command = fmt::format("disable \"{}\"", wish.name);
    const auto reply = co_await control.ask(command);
    if (!reply) co_return reply.error();
    if (reply->code == kNoMatch) {
      missing.push_back(wish.name);
    } else if (!acknowledges(*reply, false)) {
      complain(refusal(command, *reply).message);
    }
  }
  if (!missing.empty()) complain(not_ours(missing));
  if (auto looked = co_await look_at_protocols(control); !looked) co_return looked;
  const Plan plan = make_plan(AnnouncedSet(settings_.sessions), rows_);
  if (complaint_.empty()) {
    if (auto sent = co_await carry_out(control, plan); !sent) co_return sent;
  }
  observed_.error = complaint_;
  if (!complaint_.empty()) co_return Result<void>();
  next_look_ = Clock::now();
  if (!plan.done()) {
    next_look_ += kConfirmInterval;
    co_return Result<void>();
  }
  disabled_once_ = true;
  note("BIRD has acknowledged that all protocols are disabled");
  if (hooks_.disabled) hooks_.disabled();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Speaker::Impl::reconcile(Control& control) {
  complaint_.clear();
  next_look_ = Clock::now() + settings_.look_interval;
  bool touched = dirty_ || withdrawal_.pending();
  if (dirty_ && !rows_.empty()) {  // at once, going by what was seen last
    dirty_ = false;
    if (auto sent = co_await carry_out(control, make_plan(wanted_, rows_)); !sent) co_return sent;
  }
  Plan plan;
  for (int round = 1; round <= kRounds; ++round) {
    if (auto looked = co_await look_at_protocols(control); !looked) co_return looked;
    dirty_ = false;
    plan = make_plan(wanted_, rows_);
    if (plan.steps.empty() || round == kRounds) break;
    touched = true;
    if (auto sent = co_await carry_out(control, plan); !sent) co_return sent;
  }
  if (auto looked = co_await look_at_sessions(control, touched); !looked) co_return looked;
  if (!dirty_) judge(plan);
  co_return Result<void>();
}

// Stops at once when the plan is no longer the newest.
asio::awaitable<Result<void>> Speaker::Impl::carry_out(Control& control, const Plan& plan) {
  for (const Step& step : plan.steps) {
    if (dirty_) break;
    const auto reply = co_await control.ask(step.command);
    if (!reply) co_return reply.error();
    if (!acknowledges(*reply, step.enable)) complain(refusal(step.command, *reply).message);
    if (reply->has_line(kEnabled)) note("enabled " + step.protocol);
    if (reply->has_line(kDisabled)) note("disabled " + step.protocol);
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Speaker::Impl::look_at_protocols(Control& control) {
  const auto reply = co_await control.ask("show protocols");
  if (!reply) co_return reply.error();
  auto rows = parse_protocols(*reply);
  if (!rows) co_return rows.error();
  rows_ = *std::move(rows);
  whole_ = is_whole_table(*reply);
  nudge_while_starting();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Speaker::Impl::look_at_sessions(Control& control, bool all) {
  for (std::size_t i = 0; i < sessions_.size() && !dirty_; ++i) {
    const auto found = std::ranges::find(rows_, settings_.sessions[i], &ProtocolRow::name);
    if (found == rows_.end()) {
      forget_session(i);
      sessions_[i].absent = true;
      continue;
    }
    const ProtocolRow row = *found;
    const bool due = all || row != sessions_[i].row || sessions_[i].lacks_since ||
                     Clock::now() - sessions_[i].asked >= kSessionInterval;
    if (!due) continue;
    if (auto looked = co_await look_at_session(control, i, row); !looked) co_return looked;
  }
  for (const Session& session : sessions_) {
    if (!session.complaint.empty()) complain(session.complaint);
  }
  co_return Result<void>();
}

// A session that is not up exports nothing, and BIRD refuses to be asked what.
asio::awaitable<Result<void>> Speaker::Impl::look_at_session(Control& control, std::size_t index,
                                                             const ProtocolRow& row) {
  Session session{.row = row,
                  .routes = {},
                  .asked = Clock::now(),
                  .absent = false,
                  .complaint = {},
                  .lacks_since = sessions_[index].lacks_since};
  const auto all = co_await control.ask(fmt::format("show protocols all \"{}\"", row.name));
  if (!all) co_return all.error();
  const auto details = parse_session(*all);
  if (!details) session.complaint = row.name + ": " + details.error().message;
  if (details && details->state == kEstablished) {
    const auto exports = co_await control.ask("show route export " + row.name);
    if (!exports) co_return exports.error();
    auto routes = parse_exported(*exports);
    if (routes) session.routes = *std::move(routes);
    if (!routes) session.complaint = row.name + ": " + routes.error().message;
    if (routes && !dirty_) note_lacking(session);
  } else {
    session.lacks_since.reset();
  }
  show_session(index, session, details ? *details : unknown());
  sessions_[index] = std::move(session);
  co_return Result<void>();
}

// Enabled protocols whose routes do not get out: the device has no carrier, or somebody changed the filter.
void Speaker::Impl::note_lacking(Session& session) {
  const auto missing = not_exported(wanted_, session.row.name, settings_.prefixes, session.routes);
  if (missing.empty()) return session.lacks_since.reset();
  if (!session.lacks_since) session.lacks_since = session.asked;
  if (session.asked - *session.lacks_since < kLacksAtMost) return;
  complain(
      fmt::format("{} is not told of {}, though it should be", session.row.name, fmt::join(missing, ", ")));
}

void Speaker::Impl::show_session(std::size_t index, const Session& session, const SessionDetails& details) {
  SessionObserved next;
  next.name = session.row.name;
  next.state = details.state;
  next.since = session.row.since;
  next.last_error = details.last_error;
  next.message = details.message;
  for (const ExportedRoute& route : session.routes) next.exported.push_back(route.prefix);
  SessionObserved& shown = observed_.sessions[index];
  if (next.state != shown.state || next.last_error != shown.last_error) {
    note(fmt::format("session {}: {} -> {}{}{}", next.name, shown.state, next.state,
                     next.last_error.empty() ? "" : ", ", next.last_error));
  }
  shown = std::move(next);
}

void Speaker::Impl::forget_session(std::size_t index) {
  sessions_[index] = {};
  observed_.sessions[index] = {};
  observed_.sessions[index].name = settings_.sessions[index];
}

void Speaker::Impl::nudge_while_starting() {
  const bool starting = std::ranges::any_of(rows_, [&](const ProtocolRow& row) {
    return std::ranges::count(settings_.sessions, row.name) > 0 && !row.info.starts_with(kEstablished);
  });
  if (starting) nudge_until_ = Clock::now() + kNudgeAfter;
}

std::vector<std::string> Speaker::Impl::unknown_to_bird(const Plan& plan) const {
  std::vector<std::string> names = plan.missing;
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i].absent) names.push_back(settings_.sessions[i]);
  }
  return names;
}

bool Speaker::Impl::is_all_wanted_there(const Plan& plan) const {
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i].absent && wanted_.at(settings_.sessions[i]) != Announcement()) return false;
  }
  return !plan.lacks_wanted;
}

// After a whole look that no announce() has overtaken. A withdrawal is confirmed only by what has been seen:
// a session that BIRD does not tell about may still announce. What BIRD does not have announces nothing, if
// its table is whole: to kill it for that would help nobody, for the next one reads the same file.
void Speaker::Impl::judge(const Plan& plan) {
  const std::vector<std::string> unknown = unknown_to_bird(plan);
  bool blind = !whole_ && !unknown.empty();
  bool unwanted = plan.withdraws();
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    blind = blind || !sessions_[i].complaint.empty();
    unwanted = unwanted || exports_unwanted(wanted_, settings_.sessions[i], sessions_[i].routes);
  }
  set_settled(plan.steps.empty() && is_all_wanted_there(plan) && !unwanted && !blind && complaint_.empty());
  if (!unknown.empty()) complain(not_ours(unknown));
  observed_.error = complaint_;
  if (unwanted) {
    begin_withdrawal();
    next_look_ = Clock::now() + kConfirmInterval;
    return;
  }
  if (!blind && withdrawal_.confirm()) {
    note("BIRD has confirmed the withdrawal");
    if (hooks_.withdrawal_confirmed) hooks_.withdrawal_confirmed();
  }
}

void Speaker::Impl::complain(const std::string& what) {
  if (!complaint_.empty()) complaint_ += "; ";
  complaint_ += what;
}

}  // namespace imrs::bgp
