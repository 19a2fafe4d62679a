// The clients' threads and what they make of the answers. Called by the tests of swaps only. It must never
// take an answer for right that no version served in that time gives.
#include "tests/dns/engine/swap_clients.h"

#include <sys/socket.h>

#include <algorithm>
#include <random>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "tests/dns/engine/client.h"

namespace imrs::test {
namespace {

constexpr std::size_t kBatch = 16;  // questions on their way at a time
constexpr std::size_t kIdSize = 2;

Octets receive(int fd, Transport transport) {
  if (transport == Transport::Tcp) return read_framed(fd);
  Octets out(wire::kMaxUdpResponse + 1);
  const ssize_t n = ::recv(fd, out.data(), out.size(), 0);
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return out;
}

bool send_query(int fd, Transport transport, std::span<const std::uint8_t> query) {
  if (transport == Transport::Udp) return ::send(fd, query.data(), query.size(), 0) >= 0;
  Octets framed;
  append_framed(framed, query);
  return send_all(fd, framed);
}

Transport transport_of(std::size_t client) { return client % 2 == 0 ? Transport::Udp : Transport::Tcp; }

}  // namespace

std::size_t version_at(std::size_t step, std::size_t versions) {
  const std::size_t round = 2 * (versions - 1), at = step % round;
  return std::min(at, round - at);
}

std::uint64_t steps_that_say(const std::vector<Octets>& right, std::span<const std::uint8_t> answer,
                             std::size_t from, std::size_t to) {
  std::uint64_t out = 0;
  if (answer.size() < wire::kHeaderSize) return out;
  for (std::size_t step = from; step <= to; ++step) {
    const std::span<const std::uint8_t> want(right[version_at(step, right.size())]);
    if (std::ranges::equal(want.subspan(kIdSize), answer.subspan(kIdSize))) out |= 1ULL << (step - from);
  }
  return out;
}

SwapClients::SwapClients(const Versions& versions, TestEngine& engine, std::size_t count)
    : versions_(versions), engine_(engine), seen_(count) {
  for (std::size_t client = 0; client < count; ++client) {
    threads_.emplace_back([this, client] { run(client); });
  }
}

SwapClients::~SwapClients() {
  stop_ = true;
  threads_.clear();
}

void SwapClients::swap() {
  const std::size_t step = ++begun_;
  engine_.serve(versions_.images[version_at(step, versions_.images.size())]);
  done_ = step;
  for (auto& seen : seen_) {
    for (std::size_t now = seen; now < step && !stop_; now = seen) seen.wait(now);
  }
}

// Ends early when answers stay away: then swap() does not wait either.
void SwapClients::run(std::size_t client) {
  const Transport transport = transport_of(client);
  const UniqueFd fd = connect_to(Family::V4, transport, engine_.port(Family::V4));
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < versions_.questions.size(); ++i) {
    if (versions_.questions[i].transport == transport) order.push_back(i);
  }
  std::mt19937 random(static_cast<std::uint32_t>(client));
  std::ranges::shuffle(order, random);
  std::uint16_t id = 0;
  for (std::size_t at = 0; !stop_; at = at + kBatch < order.size() ? at + kBatch : 0) {
    const auto batch = std::span(order).subspan(at, std::min(kBatch, order.size() - at));
    if (!exchange(fd.get(), batch, id, client)) break;
    id = static_cast<std::uint16_t>(id + kBatch);
  }
  seen_[client] = ~std::size_t{0};
  seen_[client].notify_all();
}

// Sends the batch and judges its answers by their IDs; false: some are lost.
bool SwapClients::exchange(int fd, std::span<const std::size_t> batch, std::uint16_t first_id,
                           std::size_t client) {
  const std::size_t from = done_;
  const Transport transport = transport_of(client);
  std::size_t on_their_way = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Octets query = versions_.questions[batch[i]].octets;
    wire::store_u16(query.data(), static_cast<std::uint16_t>(first_id + i));
    on_their_way += send_query(fd, transport, query) ? 1 : 0;
  }
  std::vector<bool> answered(batch.size());
  for (std::size_t i = 0; i < on_their_way; ++i) {
    const Octets answer = receive(fd, transport);
    if (answer.size() < wire::kHeaderSize) break;
    const auto place = static_cast<std::uint16_t>(wire::load_u16(answer.data()) - first_id);
    if (place >= batch.size() || answered[place]) {
      ++counts_.wrong;
      continue;
    }
    answered[place] = true;
    judge(batch[place], answer, from);
  }
  const auto lost = static_cast<std::uint64_t>(std::ranges::count(answered, false));
  counts_.lost += lost;
  seen_[client] = from;
  seen_[client].notify_all();
  return lost == 0;
}

void SwapClients::judge(std::size_t question, std::span<const std::uint8_t> answer, std::size_t from) {
  const std::size_t to = begun_;
  const auto& right = versions_.right[question];
  const std::uint64_t steps = steps_that_say(right, answer, from, to);
  ++counts_.answered;
  if (steps == 0) ++counts_.wrong;
  if (to != from + 1) return;
  if (steps == 1) ++counts_.old_version;
  if (steps == 2) ++counts_.new_version;
}

}  // namespace imrs::test
