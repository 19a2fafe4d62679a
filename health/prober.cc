// Asks, waits, judges, reports, for one target. Started by the agent, one per service address,
// transport and worker. It must never take its own delay for the engine's silence.
#include "health/prober.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "health/exchange.h"

namespace imrs::health {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// A time limit noticed this much too late says more about this process than about the engine.
constexpr std::chrono::milliseconds kLateness{50};

// No coroutine itself: g++ 12 destroys the result of a co_await in a conditional expression twice.
asio::awaitable<Response> exchange_over(const Target& target, std::span<const std::uint8_t> query) {
  return target.transport == Transport::Udp ? exchange_udp(target, query) : exchange_tcp(target, query);
}

}  // namespace

std::string Target::text() const {
  return fmt::format("{} {} worker {}", to_string(transport), address, worker);
}

Prober::Prober(Target target, Timing timing, Expectations& expectations, Hooks hooks)
    : target_(std::move(target)),
      timing_(timing),
      expectations_(expectations),
      hooks_(std::move(hooks)),
      ids_(std::random_device{}()) {}

asio::awaitable<void> Prober::run() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    const auto start = Clock::now();
    if (expectations_.ready()) co_await ask_once();
    timer.expires_at(std::max(Clock::now(), start + timing_.interval));
    auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return;
  }
}

asio::awaitable<void> Prober::ask_once() {
  using namespace asio::experimental::awaitable_operators;
  const auto question = expectations_.next_question(std::exchange(deep_, !deep_));
  const auto id = static_cast<std::uint16_t>(ids_());
  const Pressure before = hooks_.pressure(target_);
  const auto deadline = Clock::now() + timing_.timeout;
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
  auto first = co_await (exchange(question, id) || timer.async_wait(asio::use_awaitable));
  const bool late = Clock::now() > deadline + kLateness;
  Seen seen{Outcome::NoAnswer, "no answer to " + question.name.text()};
  if (first.index() == 0) seen = std::get<0>(std::move(first));
  const Evidence evidence = judge_.judge(seen.outcome, before, hooks_.pressure(target_), late, Clock::now());
  hooks_.report(target_, evidence, target_.text() + ": " + seen.detail);
}

asio::awaitable<Prober::Seen> Prober::exchange(const image::ProbeQuestion& question, std::uint16_t id) {
  const auto query = image::make_query(question, id, kProbeUdpSize);
  Response response = co_await exchange_over(target_, query);
  if (!response) {
    const bool own = response.error().code == Errc::Unavailable;
    co_return Seen{own ? Outcome::NotAsked : Outcome::NoAnswer, response.error().message};
  }
  if (!expectations_.ready()) {
    co_return Seen{Outcome::NotAsked, "the image has been taken back meanwhile"};
  }
  if (auto wrong = expectations_.mismatch(question, id, target_.transport, *response)) {
    co_return Seen{Outcome::Differed, *wrong};
  }
  co_return Seen{Outcome::Matched, "right"};
}

}  // namespace imrs::health
