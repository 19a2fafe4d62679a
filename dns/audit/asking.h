// dns/audit/asking.h
// Questions to the real responder, as clients send them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dns/answer/responder.h"
#include "dns/image/image.h"
#include "dns/wire/name.h"

namespace imrs::audit {

using Octets = std::span<const std::uint8_t>;

struct Question {
  wire::Name name;  // its letters go out as they are
  std::uint16_t type = 0;
  bool edns = true;
  bool dnssec_ok = false;
  std::uint16_t udp_size = 1232;  // what EDNS says
  Transport transport = Transport::Udp;

  // Octets that the response may have.
  [[nodiscard]] std::size_t limit() const noexcept;
  [[nodiscard]] std::string text() const;  // "com. NS, DO, by UDP 1232", for errors
};

inline constexpr std::size_t kOptSize = 11;  // octets of an OPT record without options

// Sees every query and its response; for tests.
using Witness = std::function<void(Octets query, Octets response)>;

class Asking {
 public:
  explicit Asking(const image::Image& image, Witness witness = {});

  // The response; good until the next question. By UDP the query has RD, AD and CD set.
  Octets ask(const Question& question);
  [[nodiscard]] Octets query() const noexcept { return query_; }
  [[nodiscard]] std::uint64_t asked() const noexcept { return asked_; }

 private:
  answer::Identity identity_{"audit", "IMRS"};
  answer::CookieSecrets no_cookies_;
  answer::Context context_;
  Witness witness_;
  std::vector<std::uint8_t> query_, response_;
  std::uint64_t asked_ = 0;
};

}  // namespace imrs::audit
