// Chooses the questions. Called by the auditor for each zone. For each name and with and without DO, the
// whole answer (by TCP) is proven; what is asked in other ways is compared with that, octet for octet.
#include "dns/audit/examiner.h"

#include <algorithm>

#include "dns/audit/names.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::audit {
namespace {

using namespace wire::rrtype;

constexpr std::uint16_t kUnknown = 65280;  // private use (RFC 6895)
constexpr std::uint16_t kAtNames[] = {A, NS, DS, SOA, TXT, AAAA, DNSKEY, NSEC, RRSIG, ANY, kUnknown, 0};
constexpr std::uint16_t kAtCuts[] = {A, NS, DS, SOA, AAAA, NSEC, RRSIG, ANY, kUnknown};
constexpr std::uint16_t kBelow[] = {A, DS, ANY};
constexpr std::uint16_t kInGaps[] = {A, DS, ANY, kUnknown};

std::string difference(Octets have, Octets want) {
  const auto flags = [](Octets message) { return wire::load_u16(message.data() + 2); };
  if (have.size() < wire::kHeaderSize) return "there is no response";
  const auto truncated = [&](Octets message) { return (flags(message) & wire::flag::TC) != 0; };
  if (truncated(have) && !truncated(want)) return "TC although all that is required fits";
  if (!truncated(have) && truncated(want)) return "no TC although not all that is required fits";
  if (flags(have) != flags(want)) return "other flags or rcode than the same answer by TCP";
  if (have.size() != want.size()) {
    return "has " + std::to_string(have.size()) +
           " octets, and the answer proven by TCP, cut to this size, " + std::to_string(want.size());
  }
  const auto at = std::ranges::mismatch(have, want).in1 - have.begin();
  return "octet " + std::to_string(at) + " differs from the answer proven by TCP";
}

}  // namespace

Examiner::Examiner(const std::vector<Reference>& zones, const image::Image& image, Witness witness)
    : zones_(zones), asking_(image, std::move(witness)) {
  for (const Reference& zone : zones) provers_.emplace_back(zone);
}

Result<void> Examiner::examine_zone(const Reference& zone, std::size_t part, std::size_t parts) {
  const auto& names = zone.names();
  const auto owns_gap = [&](Index index) { return zone.entry(index).kind != Kind::Below; };
  const std::size_t first = names.size() * part / parts, end = names.size() * (part + 1) / parts;
  const Entry* previous = nullptr;
  for (std::size_t i = 0; i < first; ++i) {
    if (owns_gap(names[i])) previous = &zone.entry(names[i]);
  }
  for (std::size_t i = first; i < end; ++i) {
    const Entry& entry = zone.entry(names[i]);
    if (auto ok = examine_entry(zone, entry); !ok) return ok;
    if (!owns_gap(names[i])) continue;
    if (previous != nullptr) {
      if (auto ok = examine_gap(zone, *previous, entry.name); !ok) return ok;
    }
    previous = &entry;
  }
  const bool last = end == names.size() && previous != nullptr;
  return last ? examine_gap(zone, *previous, zone.origin()) : Result<void>();
}

Result<void> Examiner::examine_gap(const Reference& zone, const Entry& before, const wire::Name& next) {
  for (const wire::Name& name : names_between(before.name.lower(), next, zone.origin().lower())) {
    if (auto ok = examine(name, kInGaps); !ok) return ok;
  }
  return {};
}

Result<void> Examiner::examine_entry(const Reference& zone, const Entry& entry) {
  const wire::Name name = entry.name.lower();
  if (entry.kind == Kind::Below) return examine(name, kBelow);
  if (entry.kind == Kind::Delegation) {
    if (auto ok = examine(name, kAtCuts); !ok) return ok;
    return examine(lengthened(name, 'x'), kBelow);  // leaves the least room for glue
  }
  std::vector<std::uint16_t> types(std::begin(kAtNames), std::end(kAtNames));
  for (const Index set : entry.sets) {
    if (std::ranges::find(types, zone.set(set).type) == types.end()) types.push_back(zone.set(set).type);
  }
  return examine(name, types);
}

Result<void> Examiner::examine_stranger(const wire::Name& name) {
  const Question question{.name = name, .type = A, .edns = false};
  const Octets response = asking_.ask(question);
  Proven refused;
  refused.flags = wire::rcode::Refused;
  refused.ends.push_back({});
  derive(refused, question, asking_.query(), wanted_);
  if (std::ranges::equal(response, wanted_)) return {};
  return Error{Errc::Refused, question.text() + ": not plainly REFUSED: " + difference(response, wanted_)};
}

Result<void> Examiner::examine(const wire::Name& name, Types types) {
  for (const bool dnssec_ok : {false, true}) {
    std::optional<Proven> shared;
    for (const std::uint16_t type : types) {
      auto ok = examine_type(
          {.name = name, .type = type, .dnssec_ok = dnssec_ok, .transport = Transport::Tcp}, shared);
      if (!ok) return ok;
    }
  }
  return {};
}

Result<void> Examiner::examine_type(const Question& question, std::optional<Proven>& shared) {
  if (shared && question.type != DS) return other_type(question, *shared);
  const Reference* zone = zone_for(zones_, question.name, question.type);
  if (zone == nullptr) return examine_stranger(question.name);
  const Expectation expected = expect(*zone, question.name, question.type, question.dnssec_ok);
  if (shared && expected.same_for_all_types) return other_type(question, *shared);
  auto proven = prove(*zone, question, expected);
  if (!proven) return proven.error().within(question.text());
  if (auto ok = all_sizes(question, *proven); !ok) return ok;
  if (expected.same_for_all_types && question.type != DS) shared = std::move(*proven);
  return {};
}

Result<Proven> Examiner::prove(const Reference& zone, const Question& question, const Expectation& expected) {
  const Octets response = asking_.ask(question);
  if (response.empty()) return Error{Errc::Refused, "there is no response"};
  ++proven_;
  return provers_[static_cast<std::size_t>(&zone - zones_.data())].prove(question, asking_.query(), response,
                                                                         expected);
}

// The sizes that every client may name, and around each at which something has to be left off.
Result<void> Examiner::all_sizes(const Question& by_tcp, const Proven& proven) {
  Question question = by_tcp;
  if (!question.dnssec_ok) {
    question.edns = false;
    if (auto ok = compare(question, proven); !ok) return ok;
    question.transport = Transport::Udp;
    if (auto ok = compare(question, proven); !ok) return ok;
    question.edns = true;
  }
  question.transport = Transport::Udp;
  std::vector<std::size_t> sizes{wire::kMinUdpResponse, 4096};
  const std::size_t around = wire::kHeaderSize + question.name.size() + 4 + kOptSize;
  for (const End& end : proven.ends) {
    for (const std::size_t size : {around + end.body - 1, around + end.body}) {
      if (size > wire::kMinUdpResponse && size <= wire::kMaxUdpResponse) sizes.push_back(size);
    }
  }
  for (const std::size_t size : sizes) {
    question.udp_size = static_cast<std::uint16_t>(size);
    if (auto ok = compare(question, proven); !ok) return ok;
  }
  question.name = mixed_case(question.name);
  question.udp_size = wire::kMaxUdpResponse;
  return compare(question, proven);
}

Result<void> Examiner::other_type(const Question& by_tcp, const Proven& proven) {
  Question question = by_tcp;
  if (!question.dnssec_ok) {
    if (auto ok = compare(question, proven); !ok) return ok;
    question.edns = false;
  }
  question.transport = Transport::Udp;
  return compare(question, proven);
}

Result<void> Examiner::compare(const Question& question, const Proven& proven) {
  const Octets response = asking_.ask(question);
  derive(proven, question, asking_.query(), wanted_);
  if (std::ranges::equal(response, wanted_)) return {};
  return Error{Errc::Refused, question.text() + ": " + difference(response, wanted_)};
}

}  // namespace imrs::audit
