// Answers one message of a worker. Called by UdpBatch and TcpServer for every message they have.
#include "dns/engine/answerer.h"

#include <algorithm>

#include "dns/wire/question_hash.h"
#include "dns/engine/test_hook.h"

namespace imrs::engine {
namespace {

// What counts as one answer. The delegations are in a few groups: one by one, 1,400 of them to choose from
// would be no limit. Less than any offset in an image.
std::uint32_t limited_as(const answer::Outcome& outcome) noexcept {
  constexpr std::uint32_t kGroups = 16;
  return outcome.delegation == 0 ? outcome.answer : 1 + outcome.delegation % kGroups;
}

}  // namespace

answer::Outcome Answerer::answer(const answer::Client& client, std::span<const std::uint8_t> query,
                                 std::span<std::uint8_t> response, TrafficCounters* counters) noexcept {
  const std::uint64_t hash = wire::question_hash(query);
  page_.in_hand.store(hash, std::memory_order_relaxed);
  if (published_->denied.holds(hash)) {
    count(page_.denied);
    return {};
  }
  test_hook(query);
  const answer::Context context{.image = *published_->image,
                                .identity = identity_,
                                .cookies = published_->cookies,
                                .now = unix_now_,
                                .keepalive = keepalive_,
                                .expired = published_->expired};
  answer::Outcome outcome = answer::respond(context, client, query, response);
  if (counters == nullptr) {
    count(page_.probes);
    return outcome;
  }
  const bool limited = limiter_ != nullptr && outcome.answer != 0 && limit(client, response, outcome);
  recorder_.note(*counters, client, query, outcome, limited);
  return outcome;
}

// True: it is over the limit and has been cut.
bool Answerer::limit(const answer::Client& client, std::span<std::uint8_t> response,
                     answer::Outcome& outcome) noexcept {
  if (client.transport == Transport::Tcp) {
    limiter_->prove(client.address, now_ms_);
    return false;
  }
  if (outcome.truncated || outcome.cookie == answer::CookieState::Valid) return false;
  const std::uint64_t bucket = limiter_->bucket_of(client.address, limited_as(outcome));
  if (limiter_->take(bucket, now_ms_)) return false;
  if (limiter_->is_proven(client.address, now_ms_) && limiter_->take_more(bucket, now_ms_)) return false;
  answer::shorten(response, outcome);
  return true;
}

}  // namespace imrs::engine
