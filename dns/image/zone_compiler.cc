// Lays out one zone: which names exist, what each answers, how a name that does not exist is denied.
// Called by compile(). The records of the answers are put together in answers.cc.
#include "dns/image/zone_compiler.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>

#include "dns/wire/protocol.h"
#include "dns/wire/text.h"

namespace imrs::image {
namespace {

using wire::rrtype::NS;
using wire::rrtype::NSEC;

constexpr std::size_t kAlign = 8;
constexpr std::size_t kCacheLine = 64;

std::uint64_t prefix_below(const wire::Name& name, const wire::Name& origin) {
  const std::size_t depth = origin.label_count();
  if (name.label_count() <= depth) return 0;
  const wire::Name label = name.suffix(depth + 1).lower();
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix = prefix << 8 | (i < label.wire()[0] ? label.wire()[1 + i] : 0U);
  }
  return prefix;
}

}  // namespace

std::uint32_t ImageWriter::append(std::span<const std::uint8_t> octets) {
  const std::uint32_t offset = align(kAlign);
  bytes_.insert(bytes_.end(), octets.begin(), octets.end());
  return offset;
}

std::uint32_t ImageWriter::align(std::size_t alignment) {
  bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
  return static_cast<std::uint32_t>(bytes_.size());
}

ZoneCompiler::ZoneCompiler(ImageWriter& writer, const zone::VerifiedZone& verified)
    : writer_(writer), verified_(verified), zone_(verified.zone()) {}

Result<ZoneRecord> ZoneCompiler::run() {
  if (auto ok = classify(); !ok) return ok.error();
  add_empty_non_terminals();
  write_nsec_pieces();
  if (auto ok = write_nodes(); !ok) return ok.error();
  auto slots = make_slots();
  if (!slots) return slots.error();
  const std::vector<Sorted> sorted = make_sorted();
  const bool is_signed = !nsec_pieces_.empty();
  ZoneRecord record{};
  record.origin = names_.at(zone_.origin);
  record.origin_size = static_cast<std::uint32_t>(zone_.origin.size());
  record.serial = verified_.serial();
  record.refresh = verified_.refresh();
  record.retry = verified_.retry();
  record.expire = verified_.expire();
  record.first_signature_end = verified_.first_signature_end();
  record.flags = (verified_.assurance() == zone::Assurance::Dnssec ? kDnssecVerified : 0U) |
                 (verified_.zonemd_verified() ? kZonemdVerified : 0U) | (is_signed ? kSigned : 0U);
  record.delegations = static_cast<std::uint32_t>(std::ranges::count_if(
      places_, [](const auto& entry) { return entry.second.kind == NodeKind::Delegation; }));
  record.names = static_cast<std::uint32_t>(places_.size());
  record.apex = nodes_.at(zone_.origin);
  record.slot_count = static_cast<std::uint32_t>(slots->size());
  record.slots = writer_.append_array(*slots);
  record.sorted_count = static_cast<std::uint32_t>(sorted.size());
  record.sorted = writer_.append_array(sorted);
  record.name_error = negative(zone_.origin, wire::flag::AA | wire::rcode::NXDomain, nullptr);
  if (failure_) return *failure_;
  return record;
}

Result<void> ZoneCompiler::classify() {
  const wire::Name* cut = nullptr;
  for (const auto& [owner, node] : zone_.nodes) {
    if (cut != nullptr && owner.is_within(*cut)) continue;  // glue and what is occluded
    const bool delegation = owner != zone_.origin && node.contains(NS);
    cut = delegation ? &owner : nullptr;
    if (auto ok = refuse_unanswerable(owner, node); !ok) return ok;
    places_[owner] = {delegation ? NodeKind::Delegation : NodeKind::Authoritative, &node};
  }
  return {};
}

Result<void> ZoneCompiler::refuse_unanswerable(const wire::Name& owner, const zone::Node& node) const {
  using namespace wire::rrtype;
  for (const std::uint16_t type : {CNAME, DNAME, NSEC3, NSEC3PARAM}) {
    if (!node.contains(type)) continue;
    return Error{Errc::Refused, owner.text() + " " + wire::type_text(type) +
                                    ": this server answers from precomputed messages and serves no "
                                    "zone with such a record"};
  }
  // Anywhere in the name: a.*. makes *. an empty non-terminal, and that is a wildcard too (RFC 4592).
  for (wire::Name up = owner; !up.is_root(); up = up.parent()) {
    if (!up.is_wildcard()) continue;
    return Error{Errc::Refused, owner.text() + " has a \"*\" label, so " + up.text() +
                                    " is a wildcard: this server answers from precomputed messages "
                                    "and serves no zone with one"};
  }
  return {};
}

void ZoneCompiler::add_empty_non_terminals() {
  std::vector<wire::Name> names;
  for (const auto& [name, place] : places_) names.push_back(name);
  for (const wire::Name& name : names) {
    for (wire::Name up = name; up != zone_.origin; up = up.parent()) places_.try_emplace(up);
  }
}

void ZoneCompiler::write_nsec_pieces() {
  for (const auto& [owner, place] : places_) {
    if (place.node == nullptr || !place.node->contains(NSEC)) continue;
    BodyBuilder piece = BodyBuilder::piece();
    add_nsec(piece, owner, true);
    nsec_pieces_[owner] = write(piece);
  }
}

// A name lies behind its node: of a delegation with a short name they share a cache line.
Result<void> ZoneCompiler::write_nodes() {
  std::uint32_t delegations = 0;
  for (const auto& [owner, place] : places_) {
    std::vector<TypeAnswer> types;
    Node node = place.kind == NodeKind::Delegation ? make_delegation(owner, *place.node)
                                                   : make_authoritative(owner, place, types);
    if (failure_) return *failure_;
    const std::size_t before_name = sizeof node + types.size() * sizeof(TypeAnswer);
    nodes_[owner] = writer_.align(kCacheLine);
    names_[owner] = node.name = static_cast<std::uint32_t>(nodes_[owner] + before_name);
    node.name_size = static_cast<std::uint32_t>(owner.size());
    node.kind = place.kind;
    if (place.kind == NodeKind::Delegation) node.number = ++delegations;
    node.type_count = static_cast<std::uint32_t>(types.size());
    std::vector<std::uint8_t> octets(before_name);
    std::memcpy(octets.data(), &node, sizeof node);
    std::ranges::copy(std::as_bytes(std::span(types)),
                      reinterpret_cast<std::byte*>(octets.data() + sizeof node));
    std::ranges::copy(owner.lower().wire(), std::back_inserter(octets));
    (void)writer_.append(octets);
  }
  return {};
}

Node ZoneCompiler::make_delegation(const wire::Name& owner, const zone::Node& node) {
  Node out{};
  out.referral = referral(owner, node);
  const auto ds = node.find(wire::rrtype::DS);
  out.ds = ds != node.end() ? positive(owner, wire::rrtype::DS, ds->second)
                            : negative(owner, wire::flag::AA, &owner);
  return out;
}

Node ZoneCompiler::make_authoritative(const wire::Name& owner, const Place& place,
                                      std::vector<TypeAnswer>& types) {
  Node out{};
  out.no_data = negative(owner, wire::flag::AA, chain_predecessor(owner));
  out.wildcard_nsec = wildcard_piece(owner);
  if (place.node == nullptr) return out;
  for (const auto& [type, set] : *place.node) {
    types.push_back({type, positive(owner, type, set), 0});
  }
  if (place.node->contains(NSEC)) {
    types.push_back({wire::rrtype::RRSIG, all_signatures(owner, *place.node), 0});
  }
  types.push_back({wire::rrtype::ANY, any_type(owner, *place.node), 0});
  return out;
}

// Twice as many slots as names at least, and more until no probe sequence is too long.
Result<std::vector<Slot>> ZoneCompiler::make_slots() const {
  for (std::size_t count = std::bit_ceil(nodes_.size() * 2); count <= nodes_.size() * 64; count *= 2) {
    std::vector<Slot> slots(count);
    const bool fits = std::ranges::all_of(nodes_, [&](const auto& entry) {
      const wire::Name name = entry.first.lower();
      const std::uint32_t hash = name_hash(name.wire().data(), name.size());
      for (std::uint32_t i = 0; i < kMaxProbes; ++i) {
        Slot& slot = slots[(hash + i) & (count - 1)];
        if (slot.node != 0) continue;
        slot = {hash, entry.second};
        return true;
      }
      return false;
    });
    if (fits) return slots;
  }
  return Error{Errc::Refused, "zone " + zone_.origin.text() + ": its names do not fit the index"};
}

std::vector<Sorted> ZoneCompiler::make_sorted() const {
  std::vector<Sorted> sorted;
  for (const auto& [name, piece] : nsec_pieces_) {
    sorted.push_back({prefix_below(name, zone_.origin), names_.at(name), piece});
  }
  return sorted;
}

const wire::Name* ZoneCompiler::chain_predecessor(const wire::Name& name) const {
  if (nsec_pieces_.empty()) return nullptr;
  const auto after = nsec_pieces_.upper_bound(name);
  return after == nsec_pieces_.begin() ? &nsec_pieces_.rbegin()->first : &std::prev(after)->first;
}

std::uint32_t ZoneCompiler::piece_before(const wire::Name& name) const {
  const wire::Name* owner = chain_predecessor(name);
  return owner == nullptr ? 0 : nsec_pieces_.at(*owner);
}

std::uint32_t ZoneCompiler::wildcard_piece(const wire::Name& encloser) const {
  static constexpr std::uint8_t kStar[] = {'*'};
  const auto wildcard = encloser.child(kStar);
  return wildcard ? piece_before(*wildcard) : 0;
}

std::uint32_t ZoneCompiler::write(BodyBuilder& body) {
  if (body.size() > kMaxBodySize || body.fixups() > kMaxFixups) {
    failure_ = Error{Errc::Refused,
                     "zone " + zone_.origin.text() + ": an answer does not fit one DNS message"};
  }
  return writer_.append(body.finish());
}

}  // namespace imrs::image
