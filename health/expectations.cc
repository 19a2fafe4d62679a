// Compares what the engine said with what the image says, octet for octet. Called by the prober. It
// must never ask the engine what would be right. But expected_response() shares image::find and
// image::render with the responder, and both read the same image: a fault of the compiler or of these two
// would be right on both sides. Finding that is the audit's task.
#include "health/expectations.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/hex.h"
#include "dns/image/lookup.h"
#include "dns/wire/protocol.h"

namespace imrs::health {
namespace {

// A few octets from `at` on, as hex.
std::string excerpt(std::span<const std::uint8_t> octets, std::size_t at) {
  constexpr std::size_t kMost = 16;
  const std::string out = hex_text(octets.subspan(at, std::min(kMost, octets.size() - at)));
  return out.empty() ? "the end" : out;
}

std::string describe(const image::ProbeQuestion& question, std::span<const std::uint8_t> expected,
                     std::span<const std::uint8_t> got) {
  const auto differ = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  const auto at = static_cast<std::size_t>(differ.first - expected.begin());
  return fmt::format(
      "{} type {}: expected {} octets, got {}, first difference at octet {}: expected {}, got {}",
      question.name.text(), question.type, expected.size(), got.size(), at, excerpt(expected, at),
      excerpt(got, at));
}

}  // namespace

void Expectations::publish(std::shared_ptr<const image::Image> next) {
  previous_ = std::exchange(current_, std::move(next));
}

void Expectations::take_back() noexcept { current_ = std::exchange(previous_, nullptr); }

image::ProbeQuestion Expectations::next_question(bool deep) {
  const image::ProbeQuestion quick{wire::Name(), wire::rrtype::SOA, true};
  if (!deep) return quick;
  for (std::size_t left = image::question_count(*current_); left > 0; --left) {
    auto question = image::question_at(*current_, deep_++);
    if (!has_expired(question)) return question;
  }
  return quick;
}

bool Expectations::has_expired(const image::ProbeQuestion& question) const {
  if (expired_ == 0) return false;
  const wire::Name name = question.name.lower();
  const auto found = image::find(image::View(*current_), name.wire(), question.type, question.dnssec_ok);
  return (expired_ >> found.zone & 1) != 0;
}

std::optional<std::string> Expectations::mismatch(const image::ProbeQuestion& question, std::uint16_t id,
                                                  Transport transport,
                                                  std::span<const std::uint8_t> response) const {
  if (has_expired(question)) return std::nullopt;  // asked before it expired
  const bool tcp = transport == Transport::Tcp;
  const auto right = [&](const image::Image& image) {
    return image::expected_response(image, question, id, kProbeUdpSize, tcp);
  };
  const auto expected = right(*current_);
  if (std::ranges::equal(expected, response)) return std::nullopt;
  if (previous_ && std::ranges::equal(right(*previous_), response)) return std::nullopt;
  return describe(question, expected, response);
}

}  // namespace imrs::health
