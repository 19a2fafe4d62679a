// Makes the questions. Called once, before the siege. It must never be asked for anything that allocates
// while the load runs.
#include "tests/support/siege_questions.h"

#include <algorithm>
#include <random>

namespace imrs::siege {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kA = 1, kNs = 2, kSoa = 6, kAaaa = 28, kOpt = 41, kDs = 43, kDnskey = 48;
constexpr std::uint16_t kUdpSize = 1232;

using Dice = std::mt19937;

unsigned below(Dice& dice, unsigned limit) { return static_cast<unsigned>(dice() % limit); }

void add_u16(Octets& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void add_name(Octets& out, const std::string& name) {
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    if (end > at) {
      out.push_back(static_cast<std::uint8_t>(end - at));
      out.insert(out.end(), name.begin() + static_cast<std::ptrdiff_t>(at),
                 name.begin() + static_cast<std::ptrdiff_t>(end));
    }
    at = end + 1;
  }
  out.push_back(0);
}

// No delegation of the lab's or of the real root zone looks like this.
std::string junk(Dice& dice) {
  std::string out;
  for (unsigned i = 4 + below(dice, 12); i > 0; --i) out += static_cast<char>('a' + below(dice, 26));
  return out + "q0";
}

Octets any_query(Dice& dice, const std::vector<std::string>& names) {
  const std::string& cut = names[below(dice, static_cast<unsigned>(names.size()))];
  const bool dnssec_ok = below(dice, 2) == 0, edns = dnssec_ok || below(dice, 2) == 0;
  const unsigned part = below(dice, 100);
  if (part < 45) {
    const std::string name = below(dice, 2) == 0 ? cut : "www." + cut;
    return make_query(name, below(dice, 2) == 0 ? kA : kNs, edns, dnssec_ok);
  }
  if (part < 80) return make_query(junk(dice), below(dice, 2) == 0 ? kA : kAaaa, edns, dnssec_ok);
  if (part < 90) return make_query(cut, kDs, edns, dnssec_ok);
  constexpr std::uint16_t kApex[] = {kSoa, kNs, kDnskey};
  return make_query(".", kApex[below(dice, 3)], edns, dnssec_ok);
}

// Where the only question of a well-formed query ends.
std::size_t question_end(const Octets& query) {
  std::size_t at = kHeader;
  while (query[at] != 0) at += 1U + query[at];
  return at + 5;
}

}  // namespace

Octets make_query(const std::string& name, std::uint16_t type, bool edns, bool dnssec_ok) {
  Octets out{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(edns)};
  add_name(out, name);
  add_u16(out, type);
  add_u16(out, 1);
  if (!edns) return out;
  out.push_back(0);
  add_u16(out, kOpt);
  add_u16(out, kUdpSize);
  add_u16(out, 0);
  add_u16(out, dnssec_ok ? 0x8000 : 0);
  add_u16(out, 0);
  return out;
}

Questions::Questions(const std::vector<std::string>& names) {
  Dice dice(1);  // NOLINT: the same questions every time
  queries_.reserve(kCount);
  for (std::size_t i = 0; i < kCount; ++i) queries_.push_back(any_query(dice, names));
}

bool Questions::answers(std::size_t i, std::span<const std::uint8_t> message) const noexcept {
  const Octets& query = queries_[i];
  const std::size_t end = question_end(query);
  if (message.size() < end || (message[2] & 0x80) == 0) return false;
  const int rcode = message[3] & 0x0f;
  if (rcode != 0 && rcode != 3) return false;
  if (message[4] != 0 || message[5] != 1) return false;
  return std::equal(query.begin() + kHeader, query.begin() + static_cast<std::ptrdiff_t>(end),
                    message.begin() + kHeader);
}

}  // namespace imrs::siege
