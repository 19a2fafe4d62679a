// The auditor's picture of a zone. Made once per zone version; read for every question.
#include "dns/audit/reference.h"

#include <algorithm>
#include <array>

#include "dns/audit/ldns.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"

namespace imrs::audit {
namespace {

using namespace wire::rrtype;

std::string lower_wire(const wire::Name& name) {
  std::string out(reinterpret_cast<const char*>(name.wire().data()), name.size());
  for (char& c : out) c = static_cast<char>(wire::to_lower(static_cast<std::uint8_t>(c)));
  return out;
}

void append(std::string& out, const ldns_rdf* field, bool lower) {
  const auto octets = octets_of(field);
  const std::size_t start = out.size();
  out.append(reinterpret_cast<const char*>(octets.data()), octets.size());
  if (!lower) return;
  for (std::size_t i = start; i < out.size(); ++i) {
    out[i] = static_cast<char>(wire::to_lower(static_cast<std::uint8_t>(out[i])));
  }
}

void append_record(const ldns_rr* rr, std::string& out, bool lower) {
  append(out, ldns_rr_owner(rr), lower);
  const auto type = static_cast<std::uint16_t>(ldns_rr_get_type(rr));
  out.push_back(static_cast<char>(type >> 8));
  out.push_back(static_cast<char>(type));
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(rr, i);
    append(out, field, lower && ldns_rdf_get_type(field) == LDNS_RDF_TYPE_DNAME);
  }
}

Error refused(const wire::Name& owner, std::uint16_t type, const char* why) {
  return Error{Errc::Refused, owner.text() + " " + wire::type_text(type) + ": " + why};
}

// ldns takes a record of any type without rdata, and an NSEC without a bitmap.
bool is_complete(const ldns_rr* rr) {
  const auto type = static_cast<std::uint16_t>(ldns_rr_get_type(rr));
  const std::size_t least = type == NSEC ? 2 : ldns_rr_descriptor_minimum(ldns_rr_descript(type));
  return ldns_rr_rd_count(rr) >= least;
}

std::uint16_t covered_by(const ldns_rr* rrsig) {
  return ldns_rdf2native_int16(ldns_rr_rrsig_typecovered(rrsig));
}

void add_labels(std::span<const std::uint8_t> name, std::unordered_set<std::string>& out) {
  for (std::size_t at = 0; at < name.size() && name[at] != 0; at += name[at] + 1U) {
    out.emplace(reinterpret_cast<const char*>(&name[at + 1]), name[at]);
  }
}

}  // namespace

void append_key(const ldns_rr* rr, std::string& out) { append_record(rr, out, true); }
void append_spelled(const ldns_rr* rr, std::string& out) { append_record(rr, out, false); }

std::string describe(const Reference& zone, const Record& record) {
  const Set& set = zone.set(record.set);
  const bool signature = ldns_rr_get_type(record.rr) == LDNS_RR_TYPE_RRSIG;
  const std::string type = wire::type_text(set.type);
  return zone.entry(set.owner).name.text() + " " + (signature ? "RRSIG(" + type + ")" : type);
}

Result<Reference> Reference::make(ZoneInput input) {
  Reference zone;
  zone.input_ = std::move(input);
  const ldns_rr_list* all = zone.input_.records.get();
  const std::size_t count = ldns_rr_list_rr_count(all);
  zone.records_.reserve(count);
  zone.by_key_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (auto ok = zone.add(ldns_rr_list_rr(all, i)); !ok) return ok.error();
  }
  if (auto ok = zone.read_soa(); !ok) return ok.error().within("zone " + zone.origin().text());
  if (auto ok = zone.classify(); !ok) return ok.error();
  zone.add_empty_non_terminals();
  zone.has_nsec_ = zone.set_at(*zone.find(zone.origin()), NSEC) != nullptr;
  return zone;
}

Result<void> Reference::add(const ldns_rr* rr) {
  auto owner = wire::Name::from_wire(octets_of(ldns_rr_owner(rr)));
  if (!owner) return owner.error();
  auto type = static_cast<std::uint16_t>(ldns_rr_get_type(rr));
  if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN) return refused(*owner, type, "not of class IN");
  if (!owner->is_within(origin())) return refused(*owner, type, "lies outside the zone");
  if (!is_complete(rr)) return refused(*owner, type, "rdata is too short");
  Record record{.rr = rr, .key = {}, .spelled = {}, .ttl = ldns_rr_ttl(rr), .set = 0};
  append_key(rr, record.key);
  append_spelled(rr, record.spelled);
  if (record.spelled == record.key) record.spelled.clear();
  const bool signature = type == RRSIG;
  if (signature) type = covered_by(rr);
  record.set = set_for(entry_for(*owner), type);
  const auto index = static_cast<Index>(records_.size());
  // reserve() in make() keeps the keys where they are.
  records_.push_back(std::move(record));
  if (!by_key_.emplace(records_.back().key, index).second) {
    records_.pop_back();  // a duplicate counts once (RFC 2181 section 5)
    return {};
  }
  Set& set = sets_[records_.back().set];
  auto& members = signature ? set.signatures : set.records;
  if (!members.empty() && records_[members.front()].ttl != records_.back().ttl) {
    return refused(*owner, type, "differing TTLs in one set");
  }
  members.push_back(index);
  if (!signature) set.ttl = records_.back().ttl;
  return {};
}

Index Reference::entry_for(const wire::Name& name) {
  const auto [found, added] = by_name_.try_emplace(lower_wire(name), static_cast<Index>(entries_.size()));
  if (added) entries_.push_back({name, Kind::EmptyNonTerminal, {}});
  return found->second;
}

Index Reference::set_for(Index entry, std::uint16_t type) {
  for (const Index index : entries_[entry].sets) {
    if (sets_[index].type == type) return index;
  }
  sets_.push_back({entry, type, 0, {}, {}});
  entries_[entry].sets.push_back(static_cast<Index>(sets_.size() - 1));
  return static_cast<Index>(sets_.size() - 1);
}

Result<void> Reference::read_soa() {
  const Entry* apex = find(origin());
  const Set* soa = apex == nullptr ? nullptr : set_at(*apex, SOA);
  if (soa == nullptr || soa->records.size() != 1) return Error{Errc::Refused, "not exactly one SOA record"};
  if (set_at(*apex, NS) == nullptr) return Error{Errc::Refused, "no NS records at the apex"};
  const ldns_rr* rr = records_[soa->records.front()].rr;
  const auto number = [&](std::size_t field) { return ldns_rdf2native_int32(ldns_rr_rdf(rr, field)); };
  soa_ = {number(2), number(3), number(4), number(5), number(6)};
  return {};
}

Result<void> Reference::classify() {
  for (Index i = 0; i < entries_.size(); ++i) order_.push_back(i);
  const auto by_canonical_order = [this](Index a, Index b) { return entries_[a].name < entries_[b].name; };
  std::ranges::sort(order_, by_canonical_order);
  const Entry* cut = nullptr;
  for (const Index index : order_) {
    Entry& entry = entries_[index];
    if (cut != nullptr && entry.name.is_within(cut->name)) {
      entry.kind = Kind::Below;
      continue;
    }
    const bool delegation = entry.name != origin() && set_at(entry, NS) != nullptr;
    entry.kind = delegation ? Kind::Delegation : Kind::Authoritative;
    cut = delegation ? &entry : nullptr;
    for (const std::uint16_t type : {CNAME, DNAME, NSEC3, NSEC3PARAM}) {
      if (set_at(entry, type) != nullptr) return refused(entry.name, type, "is not served here");
    }
    for (wire::Name up = entry.name; !up.is_root(); up = up.parent()) {
      if (up.is_wildcard())
        return Error{Errc::Refused, entry.name.text() + ": wildcards are not served here"};
    }
  }
  return {};
}

void Reference::add_empty_non_terminals() {
  const std::vector<Index> owners = order_;
  for (const Index index : owners) {
    if (entries_[index].kind == Kind::Below) continue;
    for (wire::Name up = entries_[index].name; up != origin(); up = up.parent()) {
      const Index at = entry_for(up);
      if (at == order_.size()) order_.push_back(at);
    }
  }
  std::ranges::sort(order_, [this](Index a, Index b) { return entries_[a].name < entries_[b].name; });
}

std::size_t Reference::count(Kind kind) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [&](const Entry& entry) { return entry.kind == kind; }));
}

const Set* Reference::set_at(const Entry& entry, std::uint16_t type) const {
  for (const Index index : entry.sets) {
    if (sets_[index].type == type && !sets_[index].records.empty()) return &sets_[index];
  }
  return nullptr;
}

const Entry* Reference::find(const wire::Name& name) const { return find_lower(lower_wire(name)); }

const Entry* Reference::find_lower(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

const Record* Reference::find_record(std::string_view key, Index& index) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  index = found->second;
  return &records_[index];
}

Reference::Place Reference::locate(const wire::Name& name) const {
  const std::string lower = lower_wire(name);
  std::array<std::size_t, wire::kMaxNameSize> starts{};  // of the suffixes that lie below the origin
  std::size_t below = 0;
  for (std::size_t at = 0; lower.size() - at > origin().size();
       at += static_cast<std::uint8_t>(lower[at]) + 1U) {
    starts[below++] = at;
  }
  Place place;
  place.entry = place.encloser = &entries_[by_name_.at(lower_wire(origin()))];
  while (below-- > 0) {
    const Entry* here = find_lower(std::string_view(lower).substr(starts[below]));
    place.entry = here;
    if (here == nullptr) return place;
    place.encloser = here;
    if (here->kind != Kind::Delegation) continue;
    place.cut = here;
    place.entry = below == 0 ? here : nullptr;
    return place;
  }
  return place;
}

bool Reference::spells(std::string_view label) const {
  if (spelled_labels_.empty()) {
    for (const Record& record : records_) {
      add_labels(octets_of(ldns_rr_owner(record.rr)), spelled_labels_);
      for (std::size_t i = 0; i < ldns_rr_rd_count(record.rr); ++i) {
        const ldns_rdf* field = ldns_rr_rdf(record.rr, i);
        if (ldns_rdf_get_type(field) == LDNS_RDF_TYPE_DNAME) add_labels(octets_of(field), spelled_labels_);
      }
    }
  }
  return spelled_labels_.contains(std::string(label));
}

const Reference* zone_for(const std::vector<Reference>& zones, const wire::Name& name, std::uint16_t type) {
  const Reference* deepest = nullptr;
  const Reference* parent = nullptr;
  for (const Reference& zone : zones) {
    if (!name.is_within(zone.origin())) continue;
    if (name == zone.origin() && type == DS) {
      deepest = &zone;
    } else if (parent == nullptr || zone.origin().label_count() > parent->origin().label_count()) {
      parent = &zone;
    }
  }
  return parent != nullptr ? parent : deepest;
}

}  // namespace imrs::audit
