// Proves responses. Called for each answer that is new; answers that differ in size, OPT, letters or type
// only are compared with what was proven (message.h). It must not know how the compiler builds them.
#include "dns/audit/proof.h"

#include <algorithm>

#include "dns/audit/ldns.h"
#include "dns/audit/nsec_proof.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::audit {
namespace {

using namespace wire;

constexpr std::size_t kCounts = 6;  // of answers, authorities and additionals in the header

Error wrong(std::string what) { return Error{Errc::Refused, std::move(what)}; }

std::string hex(std::uint16_t value) {
  char text[8];
  (void)std::snprintf(text, sizeof text, "%04x", value);
  return text;
}

// Header, question and OPT, octet by octet; the counts are held by record_ends() and the sections.
Result<void> check_frame(const Question& question, Octets query, Octets response, std::uint16_t flags) {
  const auto recursion_desired = load_u16(query.data() + 2) & flag::RD;
  const auto want = static_cast<std::uint16_t>(flag::QR | recursion_desired | flags);
  const std::uint16_t have = load_u16(response.data() + 2);
  if (!std::ranges::equal(query.first(2), response.first(2))) return wrong("another ID than the query's");
  if (have != want) return wrong("flags and rcode are " + hex(have) + " and should be " + hex(want));
  const std::size_t head = kHeaderSize + question.name.size() + 4;
  if (response.size() < head + kOptSize) return wrong("ends before its OPT record");
  const Octets asked = query.subspan(kHeaderSize, head - kHeaderSize);
  if (!std::ranges::equal(asked, response.subspan(kHeaderSize, asked.size()))) {
    return wrong("another question than the query's");
  }
  const std::uint8_t opt[kOptSize] = {0,
                                      0,
                                      rrtype::OPT,
                                      kMaxUdpResponse >> 8,
                                      kMaxUdpResponse & 0xFF,
                                      0,
                                      0,
                                      static_cast<std::uint8_t>(question.dnssec_ok ? 0x80 : 0),
                                      0,
                                      0,
                                      0};
  if (!std::ranges::equal(response.last(kOptSize), opt)) {
    return wrong("does not end with an OPT record of version 0, size 1232 and the query's DO");
  }
  return {};
}

std::string owner_and_type(const ldns_rr* rr) {
  char* const owner = ldns_rdf2str(ldns_rr_owner(rr));
  char* const type = ldns_rr_type2str(ldns_rr_get_type(rr));
  std::string out = std::string(owner == nullptr ? "?" : owner) + " " + (type == nullptr ? "?" : type);
  std::free(owner);  // NOLINT: ldns allocates with malloc
  std::free(type);   // NOLINT
  return out;
}

}  // namespace

Prover::Prover(const Reference& zone) : zone_(zone), roles_(zone.record_count()) {}

Result<Proven> Prover::prove(const Question& question, Octets query, Octets response,
                             const Expectation& expected) {
  auto cuts = cut(response);
  if (!cuts) return cuts.error();
  if (auto ok = check_frame(question, query, response, expected.flags); !ok) return ok.error();
  auto reading = read(question, response, *cuts);
  if (!reading) return reading.error();
  ++round_;
  assigned_.clear();
  seen_.clear();
  assign(expected.answer, Section::Answer);
  assign(expected.authority, Section::Authority);
  assign(expected.glue, Section::Additional);
  assign(expected.courtesy, Section::Additional, true);
  for (const Index set : expected.one_of) assign_set(zone_.set(set), Section::Answer, expected.signatures);
  for (const Found& found : (*reading)->records) {
    if (auto ok = take(found, expected); !ok) return ok.error();
  }
  if (auto ok = complete(expected); !ok) return ok.error();
  if (auto ok = denied(expected); !ok) return ok.error();
  if (cuts->record_ends.size() != seen_.size() + 1) return wrong("a record that ldns does not see");
  const std::size_t head = kHeaderSize + question.name.size() + 4;
  const Octets body = response.subspan(head, response.size() - head - kOptSize);
  return Proven{.flags = expected.flags,
                .answers = load_u16(response.data() + 6),
                .authorities = load_u16(response.data() + 8),
                .body = {body.begin(), body.end()},
                .ends = ends_of(cuts->record_ends, head)};
}

void Prover::assign(const std::vector<Item>& items, Section section, bool courtesy) {
  for (const Item& item : items) assign(item, section, courtesy);
}

void Prover::assign(const Item& item, Section section, bool courtesy) {
  roles_[item.record] = {round_, section, item.ttl, courtesy, false};
  assigned_.push_back(item.record);
}

void Prover::assign_set(const Set& set, Section section, bool signatures) {
  for (const Index record : set.records) assign({record, set.ttl}, section, false);
  if (!signatures) return;
  for (const Index record : set.signatures) assign({record, zone_.record(record).ttl}, section, false);
}

// Octets after the question that were read before. They say the same here if no pointer leads to octets that
// are other ones: there is none, or the questions are of one size, so that what is behind them is at the same
// place, and are the same from the lowest target on.
const Prover::Reading* Prover::known(const Question& question, Octets response, const Cuts& cuts) const {
  if (!cuts.lowest_target) return nullptr;
  const std::size_t head = kHeaderSize + question.name.size() + 4;
  const Octets asked = response.subspan(kHeaderSize, head - kHeaderSize), body = response.subspan(head);
  const Octets counts = response.subspan(kCounts, kHeaderSize - kCounts);
  const bool pointers = *cuts.lowest_target != response.size();
  for (const Reading& reading : readings_) {
    if (!std::ranges::equal(reading.body, body) || !std::ranges::equal(reading.counts, counts)) continue;
    if (!pointers) return &reading;
    if (reading.question.size() != asked.size()) continue;
    const std::size_t from = *cuts.lowest_target - kHeaderSize;
    if (from >= asked.size() ||
        std::ranges::equal(std::span(reading.question).subspan(from), asked.subspan(from))) {
      return &reading;
    }
  }
  return nullptr;
}

Result<const Prover::Reading*> Prover::read(const Question& question, Octets response, const Cuts& cuts) {
  if (const Reading* before = known(question, response, cuts)) return before;
  ldns_pkt* raw = nullptr;
  const ldns_status status = ldns_wire2pkt(&raw, response.data(), response.size());
  const Ldns<ldns_pkt> packet(raw);
  if (status != LDNS_STATUS_OK) return wrong(std::string("ldns: ") + ldns_get_errorstr_by_id(status));
  Reading out;
  const std::pair<const ldns_rr_list*, Section> sections[] = {
      {ldns_pkt_answer(packet.get()), Section::Answer},
      {ldns_pkt_authority(packet.get()), Section::Authority},
      {ldns_pkt_additional(packet.get()), Section::Additional}};
  out.again = cuts.lowest_target.has_value();
  for (const auto& [list, section] : sections) {
    if (auto ok = read_all(list, section, question, out); !ok) return ok.error();
  }
  const std::size_t head = kHeaderSize + question.name.size() + 4;
  const auto copy = [&](std::size_t from, std::size_t to) {
    return std::vector<std::uint8_t>(response.begin() + static_cast<std::ptrdiff_t>(from),
                                     response.begin() + static_cast<std::ptrdiff_t>(to));
  };
  out.question = copy(kHeaderSize, head);
  out.counts = copy(kCounts, kHeaderSize);
  out.body = copy(head, response.size());
  Reading& place = out.again ? readings_[next_reading_++ % kReadings] : single_;
  place = std::move(out);
  return &place;
}

Result<void> Prover::read_all(const ldns_rr_list* list, Section section, const Question& question,
                              Reading& out) {
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
    auto found = find(ldns_rr_list_rr(list, i), section, question, out.again);
    if (!found) return found.error();
    out.records.push_back(*found);
  }
  return {};
}

// `again` becomes false if the record's letters are right for this question only.
Result<Prover::Found> Prover::find(const ldns_rr* rr, Section section, const Question& question,
                                   bool& again) {
  key_.clear();
  append_key(rr, key_);
  Index index = 0;
  const Record* record = zone_.find_record(key_, index);
  if (record == nullptr || ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN) {
    return wrong(owner_and_type(rr) + ": there is no such record in the zone");
  }
  spelled_.clear();
  append_spelled(rr, spelled_);
  if (spelled_ != (record->spelled.empty() ? record->key : record->spelled)) {
    again = false;
    if (!spelled_right(rr, question)) {
      return wrong(describe(zone_, *record) +
                   ": a name in letters that neither the zone nor the question has");
    }
  }
  return Found{index, section, ldns_rr_ttl(rr)};
}

Result<void> Prover::take(const Found& found, const Expectation& expected) {
  const Record& record = zone_.record(found.record);
  const Set& set = zone_.set(record.set);
  Role& role = roles_[found.record];
  if (role.round != round_ && found.section == Section::Authority && set.type == rrtype::NSEC &&
      !expected.denied.empty()) {
    assign_set(set, Section::Authority, expected.signatures);
  }
  if (role.round != round_ || role.section != found.section) {
    return wrong(describe(zone_, record) + ": has no place in that section of this answer");
  }
  if (role.seen) return wrong(describe(zone_, record) + ": is there twice");
  if (found.ttl != role.ttl) {
    return wrong(describe(zone_, record) + ": its TTL is " + std::to_string(found.ttl) + " and should be " +
                 std::to_string(role.ttl));
  }
  role.seen = true;
  seen_.push_back(found.record);
  return {};
}

// Names may come from the question by compression, and from another record of the zone.
bool Prover::spelled_right(const ldns_rr* rr, const Question& question) {
  const auto right = [&](const ldns_rdf* field) {
    const Octets name = octets_of(field);
    const auto asked = question.name.wire();
    for (std::size_t at = 0; at < name.size() && name[at] != 0; at += name[at] + 1U) {
      const Octets label = name.subspan(at + 1, name[at]);
      const std::string_view text(reinterpret_cast<const char*>(label.data()), label.size());
      // Not std::ranges::search: clang 14 cannot compile that of this standard library.
      const auto in_question = std::search(asked.begin(), asked.end(), label.begin(), label.end());
      if (!zone_.spells(text) && in_question == asked.end()) return false;
    }
    return true;
  };
  if (!right(ldns_rr_owner(rr))) return false;
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(rr, i);
    if (ldns_rdf_get_type(field) == LDNS_RDF_TYPE_DNAME && !right(field)) return false;
  }
  return true;
}

Result<void> Prover::complete(const Expectation& expected) const {
  if (!expected.one_of.empty() && !is_one_of(expected)) {
    return wrong("not exactly one whole RRset of the name (RFC 8482)");
  }
  for (const Index index : assigned_) {
    const Role& role = roles_[index];
    if (role.seen || (!expected.one_of.empty() && role.section == Section::Answer)) continue;
    return wrong(describe(zone_, zone_.record(index)) + ": is missing");
  }
  return {};
}

bool Prover::is_one_of(const Expectation& expected) const {
  if (seen_.empty()) return false;
  const Index first = zone_.record(seen_.front()).set;
  const Set& set = zone_.set(first);
  const std::size_t size = set.records.size() + (expected.signatures ? set.signatures.size() : 0);
  return seen_.size() == size &&
         std::ranges::all_of(seen_, [&](Index index) { return zone_.record(index).set == first; });
}

Result<void> Prover::denied(const Expectation& expected) const {
  const auto is_nsec = [](const ldns_rr* rr) { return ldns_rr_get_type(rr) == LDNS_RR_TYPE_NSEC; };
  std::vector<const ldns_rr*> found;
  for (const Index index : seen_) {
    const ldns_rr* rr = zone_.record(index).rr;
    if (is_nsec(rr) && roles_[index].section == Section::Authority) found.push_back(rr);
  }
  const auto holds = [&](const ldns_rr* rr, const Statement& s) { return proves(rr, zone_.origin(), s); };
  for (const Statement& statement : expected.denied) {
    const auto by = [&](const ldns_rr* rr) { return holds(rr, statement); };
    if (std::ranges::none_of(found, by)) {
      return wrong("no NSEC proves that there is no " + statement.name.text() +
                   (statement.what == Statement::What::NoSuchType ? " of that type" : ""));
    }
  }
  for (const ldns_rr* rr : found) {
    const auto it = [&](const Statement& statement) { return holds(rr, statement); };
    if (std::ranges::none_of(expected.denied, it)) {
      return wrong(owner_and_type(rr) + ": proves nothing that this answer says");
    }
  }
  return {};
}

// The additional section may end after the last record that is required, and after each whole set from
// there on.
std::vector<End> Prover::ends_of(const std::vector<std::size_t>& record_ends, std::size_t head) const {
  std::size_t first_additional = 0, required = 0;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const Role& role = roles_[seen_[i]];
    if (role.section != Section::Additional) first_additional = i + 1;
    if (!role.courtesy) required = i + 1;
  }
  std::vector<End> ends;
  for (std::size_t count = required; count <= seen_.size(); ++count) {
    const bool whole = count == required || count == seen_.size() ||
                       zone_.record(seen_[count]).set != zone_.record(seen_[count - 1]).set;
    if (!whole) continue;
    ends.push_back({count == 0 ? 0 : record_ends[count - 1] - head,
                    static_cast<std::uint16_t>(count - first_additional)});
  }
  return ends;
}

}  // namespace imrs::audit
