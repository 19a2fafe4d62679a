// What the supervisor looks at again and again: its own loop, the zones' age, the device, the way out, the
// drains. Each is a coroutine of the agent's loop; none may wait for anything but its timer.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <algorithm>

#include "agent/base/log.h"
#include "agent/spawn.h"
#include "agent/supervisor.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kBeat{50};
constexpr std::chrono::milliseconds kExpiryLook{200};
constexpr std::chrono::milliseconds kDeviceLook{200};
constexpr int kLooksForAMending = 5;
constexpr std::chrono::milliseconds kBirdLook{2000};
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
    auto set = clock_.look(read_wall_clock(), std::chrono::steady_clock::now(), zone_.root_zone());
    if (set) {
      history_.add(Topic::Decision, std::move(*set));
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

// Somebody may have deleted it, flushed the addresses or taken the link down.
asio::awaitable<void> Supervisor::watch_device() {
  asio::steady_timer timer(context_);
  for (int look = 1;; ++look) {
    timer.expires_after(kDeviceLook);
    const auto [error] = co_await timer.async_wait(kNoThrow);
    if (error || stopping_) co_return;
    if (device_.gone()) {
      co_await make_device_anew();
    } else if (look % kLooksForAMending == 0) {
      mend_device();
    }
  }
}

// As at the start: BIRD acknowledges that nothing is announced, then comes the device, then the probes. The
// routes themselves went with the device.
asio::awaitable<void> Supervisor::make_device_anew() {
  const std::string reason = config_.service.device + " has been deleted";
  log_error("{} by somebody: nothing is announced until it is made anew and the probes pass", reason);
  device_.forget();
  routing_->start_over(reason);
  bool acknowledged = false;
  while (!acknowledged) {
    acknowledged = co_await speaker_->wait_settled(kBirdLook);
    if (stopping_) co_return;
  }
  (void)make_device();
}

// One that has got another name or namespace cannot be made anew while it lives: it goes with the agent, and
// the next one makes it.
void Supervisor::mend_device() {
  const std::string& name = config_.service.device;
  const auto seen = kernel_.latest(std::chrono::steady_clock::now());
  if (!seen) return;
  if (!seen->device) return log_error("{}: {}", name, seen->device.error().message);
  if (device_.displaced(*seen->device, seen->begun)) {
    log_error("{} has got another name or network namespace: the agent ends, and the next one makes it anew",
              name);
    return spawn(context_.get_executor(), stop(name + " has been taken away", 1));
  }
  const auto mended = device_.mend(*seen->device, seen->begun);
  if (!mended) log_error("{}: {}", name, mended.error().message);
  if (mended && *mended) log_warning("{} had lost its link or addresses: mended", name);
}

// As soon as the kernel has said something. A look that is too old is none.
asio::awaitable<void> Supervisor::watch_way_out() {
  way_out_looked_.fill(std::chrono::steady_clock::now());
  asio::posix::stream_descriptor news(context_, kernel_.news().release());
  std::uint64_t looks = 0;
  for (;;) {
    const auto [error, size] = co_await news.async_read_some(asio::buffer(&looks, sizeof looks), kNoThrow);
    if (error) co_return;
    const auto seen = kernel_.latest(std::chrono::steady_clock::now());
    if (!seen) continue;
    for (const Family family : kFamilies) take_way_out(family, seen->ways[static_cast<std::size_t>(family)]);
  }
}

// What cannot be looked up says nothing about the way, nor does a next hop that is just being asked for: what
// was known before stands until it answers, or has been silent for too long. Before the first of it nothing
// is announced (set_up()), however long the kernel takes to say anything.
void Supervisor::take_way_out(Family family, const Result<WayOutSeen>& seen) {
  WayOutSeen& known = way_out_[static_cast<std::size_t>(family)];
  WayOutSeen way;
  if (seen) {
    way = *seen;
    way_out_looked_[static_cast<std::size_t>(family)] = std::chrono::steady_clock::now();
  } else if (!known.usable && !taken_over_) {
    way = {true, "by a way that cannot be looked up", ""};
  }
  if (!way.usable || way == known) return;
  known = way;
  log_info("family={} way out: {}", to_string(family), known.detail);
  routing_->set_way_out(family, {*known.usable, known.detail});
}

// It lasts, therefore somebody has to know.
std::string Supervisor::way_out_alarm() const {
  const auto oldest = std::ranges::min(way_out_looked_);
  if (std::chrono::steady_clock::now() - oldest <= KernelLook::kBelieved) return {};
  return "the kernel does not say whether there is a way out: what was known of it last is taken to be so";
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
