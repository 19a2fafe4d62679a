// What the supervisor looks at again and again: its own loop, the zones' age, the device, the way out, the
// drains. Each is a coroutine of the agent's loop; none may wait for anything but its timer.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "agent/base/log.h"
#include "agent/supervisor.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kBeat{50};
constexpr std::chrono::milliseconds kExpiryLook{200};
constexpr std::chrono::milliseconds kDeviceLook{1000};
constexpr std::chrono::milliseconds kWayOutLook{200};
constexpr std::chrono::milliseconds kDrainLook{500};
constexpr std::chrono::minutes kLookAgain{60};

}  // namespace

asio::awaitable<void> Supervisor::beat() {
  asio::steady_timer timer(context_);
  for (;;) {
    watchdog_.beat();
    manager_.beat(std::chrono::steady_clock::now());
    timer.expires_after(kBeat);
    const auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return;
  }
}

asio::awaitable<void> Supervisor::watch_expiry() {
  asio::steady_timer timer(context_);
  std::optional<bool> was_expired;  // not even what an agent before this one knew
  for (;;) {
    const auto over = zone_.root_expired(waivers_.waived(clock_.clock().now()));
    if (over.has_value() != was_expired) routing_->set_expiry(over.has_value(), over ? over->detail : "");
    was_expired = over.has_value();
    if (!engine_->swapping()) zone_.on_settled();
    set_expired(zone_.expired_zones());
    if (clock_.look(read_wall_clock())) {
      log_info("the wall clock is synchronised now: the trusted time is set to it");
      zone_.on_clock_set();
    }
    timer.expires_after(kExpiryLook);
    const auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return;
  }
}

// What a zone is answered with changes in the workers a moment after it has been said: until no answer from
// before can be on its way any more, it is not judged.
void Supervisor::set_expired(std::uint32_t zones) {
  const auto now = std::chrono::steady_clock::now();
  if (zones != expired_zones_) {
    unjudged_zones_ = zones | expired_zones_;
    judged_again_ = now + config_.health.timeout + std::chrono::milliseconds(100);
    expired_zones_ = zones;
  }
  expectations_.set_expired(now < judged_again_ ? unjudged_zones_ : zones);
  engine_->set_expired(zones);
}

// Somebody may have flushed the addresses or taken the link down.
asio::awaitable<void> Supervisor::watch_device() {
  asio::steady_timer timer(context_);
  for (;;) {
    timer.expires_after(kDeviceLook);
    const auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return;
    const auto mended = device_.mend();
    if (!mended) log_error("{}: {}", config_.service.device, mended.error().message);
    if (mended && *mended) log_warning("{} had lost its link or addresses: mended", config_.service.device);
  }
}

// What cannot be looked up says nothing about the way, nor does a next hop that is just being asked for: what
// was known before stands until it answers, or has been silent for too long. Before the first of it nothing
// is announced (set_up()).
asio::awaitable<void> Supervisor::watch_way_out() {
  asio::steady_timer timer(context_);
  for (;;) {
    for (const Family family : kFamilies) {
      auto seen = ways_out_.look(family, std::chrono::steady_clock::now());
      WayOutSeen& known = way_out_[static_cast<std::size_t>(family)];
      if (!seen && !known.usable && !taken_over_)
        seen = WayOutSeen{true, "by a way that cannot be looked up", ""};
      if (!seen || !seen->usable) continue;
      // Of a route that went with its link: it is this link that links() has to tell of.
      if (seen->device.empty()) seen->device = known.device;
      if (*seen == known) continue;
      known = *seen;
      log_info("family={} way out: {}", to_string(family), known.detail);
      routing_->set_way_out(family, {*known.usable, known.detail});
    }
    timer.expires_after(kWayOutLook);
    const auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return;
  }
}

asio::awaitable<void> Supervisor::watch_drains() {
  asio::steady_timer timer(context_);
  auto before = engine_->load().queries;
  for (;;) {
    timer.expires_after(kDrainLook);
    const auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return;
    const auto [now, send_errors] = engine_->load();
    std::array<double, 2> rate{};
    for (std::size_t i = 0; i < rate.size(); ++i) {
      const double grown = now[i] >= before[i] ? static_cast<double>(now[i] - before[i]) : 0;
      rate[i] = grown / std::chrono::duration<double>(kDrainLook).count();
    }
    before = now;
    routing_->advance_drains(rate);
    traffic_.look(now[0] + now[1], send_errors, routing_->announces_anything(),
                  std::chrono::steady_clock::now());
  }
}

// Signatures and dates of what is served, long after its audit: evidence the whole fleet may share.
asio::awaitable<void> Supervisor::look_again() {
  asio::steady_timer timer(context_);
  for (;;) {
    timer.expires_after(kLookAgain);
    const auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return;
    audit_.look_again();
  }
}

}  // namespace imrs::agent
