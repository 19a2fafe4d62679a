// Answers one message of a worker. Called by UdpBatch and TcpServer for every message they have.
#include "dns/engine/answerer.h"

#include <algorithm>

#include "dns/engine/question_hash.h"
#include "dns/engine/test_hook.h"
#include "dns/engine/traffic.h"

namespace imrs::engine {

answer::Outcome Answerer::answer(const answer::Client& client, std::span<const std::uint8_t> query,
                                 std::span<std::uint8_t> response, TrafficCounters* counters) noexcept {
  const std::uint64_t hash = question_hash(query);
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
  if (limiter_ != nullptr && outcome.answer != 0) limit(client, response, outcome, *counters);
  count_query(*counters, query.size(), outcome);
  return outcome;
}

void Answerer::limit(const answer::Client& client, std::span<std::uint8_t> response, answer::Outcome& outcome,
                     TrafficCounters& counters) noexcept {
  if (client.transport == Transport::Tcp) return limiter_->prove(client.address, now_ms_);
  if (outcome.truncated || outcome.cookie == answer::CookieState::Valid) return;
  if (limiter_->take(limiter_->bucket_of(client.address, outcome.answer), now_ms_)) return;
  if (limiter_->is_proven(client.address, now_ms_)) return;
  answer::shorten(response, outcome);
  count(counters.limited);
}

}  // namespace imrs::engine
