// health/expectations.h
// Which answers are right now: those of the image that is served, and, from the moment a new one is
// handed to the engine until every worker has switched, those of either. Also the walk through the deep
// questions. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "agent/base/family.h"
#include "dns/image/expected.h"
#include "dns/image/image.h"

namespace imrs::health {

class Expectations {
 public:
  // A new image goes to the engine: answers of the present one and of this one are right. The last
  // publication must have been settled or taken back.
  void publish(std::shared_ptr<const image::Image> next);
  // The engine did not accept it: only the one before is right.
  void take_back() noexcept;
  // All workers serve the last published image, and nothing older is on its way any more.
  void settle() noexcept { previous_.reset(); }

  // Zones of the images, one bit each, that are answered with SERVFAIL instead: what is said of them is not
  // compared from now on.
  void set_expired(std::uint32_t zones) noexcept { expired_ = zones; }

  [[nodiscard]] bool ready() const noexcept { return current_ != nullptr; }

  // Quick: the root's SOA. Deep: the next of all questions there are, whoever of the probers asks it;
  // round and round, but for expired zones. Only when ready().
  [[nodiscard]] image::ProbeQuestion next_question(bool deep);

  // Nothing if `response` is right; otherwise what differs, in words. Only when ready().
  [[nodiscard]] std::optional<std::string> mismatch(const image::ProbeQuestion& question, std::uint16_t id,
                                                    Transport transport,
                                                    std::span<const std::uint8_t> response) const;

 private:
  [[nodiscard]] bool has_expired(const image::ProbeQuestion& question) const;

  std::shared_ptr<const image::Image> current_;
  std::shared_ptr<const image::Image> previous_;
  std::size_t deep_ = 0;
  std::uint32_t expired_ = 0;
};

inline constexpr std::uint16_t kProbeUdpSize = 1232;  // octets, in the probe's OPT

}  // namespace imrs::health
