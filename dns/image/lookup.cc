// Finds and copies answers. Called by the responder for every query and by expected_response for every
// probe. The hot path: it touches one hash slot, one node and one body for most questions.
#include "dns/image/lookup.h"

#include <algorithm>
#include <cstring>

#include "dns/wire/bytes.h"
#include "dns/wire/name.h"
#include "dns/wire/protocol.h"

namespace imrs::image {
namespace {

using Name = std::span<const std::uint8_t>;
constexpr std::size_t kMaxLabels = 128;

// Where each label of a name starts, leftmost first; the root label is not counted.
struct Labels {
  std::array<std::uint8_t, kMaxLabels> start;
  std::size_t count = 0;

  explicit Labels(Name name) noexcept {
    for (std::size_t pos = 0; name[pos] != 0; pos += name[pos] + 1U) {
      start[count++] = static_cast<std::uint8_t>(pos);
    }
  }
};

// The label index at which the suffix that equals `origin` starts, or nothing.
bool is_within(Name name, const Labels& labels, Name origin, std::size_t& below) noexcept {
  if (origin.size() > name.size()) return false;
  const std::size_t start = name.size() - origin.size();
  if (std::memcmp(name.data() + start, origin.data(), origin.size()) != 0) return false;
  if (origin.size() == 1) {
    below = labels.count;
    return true;
  }
  for (below = 0; below < labels.count; ++below) {
    if (labels.start[below] == start) return true;
  }
  return false;
}

std::uint64_t prefix_of(Name name, const Labels& labels, std::size_t below) noexcept {
  if (below == 0) return 0;
  const std::uint8_t* label = name.data() + labels.start[below - 1];
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) prefix = prefix << 8 | (i < *label ? label[1 + i] : 0U);
  return prefix;
}

Name name_at(const View& view, std::uint32_t offset) noexcept {
  const std::uint8_t* start = view.octets(offset);
  const std::uint8_t* end = start;
  while (*end != 0) end += *end + 1U;
  return {start, static_cast<std::size_t>(end - start) + 1};
}

// The last of the sorted names that does not come after `name`.
const Sorted& predecessor(const View& view, const ZoneRecord& zone, Name name, const Labels& labels,
                          std::size_t below) noexcept {
  const std::span sorted(&view.at<Sorted>(zone.sorted), zone.sorted_count);
  const std::uint64_t prefix = prefix_of(name, labels, below);
  const auto after = std::partition_point(sorted.begin(), sorted.end(), [&](const Sorted& entry) {
    if (entry.prefix != prefix) return entry.prefix < prefix;
    return wire::canonical_compare(name_at(view, entry.name), name) <= 0;
  });
  return after == sorted.begin() ? sorted.front() : *(after - 1);
}

const Body* body_at(const View& view, std::uint32_t offset) noexcept {
  return offset == 0 ? nullptr : &view.at<Body>(offset);
}

Found name_error(const View& view, const ZoneRecord& zone, const Node& encloser, Name name,
                 const Labels& labels, std::size_t below, bool dnssec_ok) noexcept {
  Found found{body_at(view, zone.name_error[dnssec_ok ? 1 : 0]), {}, zone.name_error[0]};
  if (!dnssec_ok || (zone.flags & kSigned) == 0 || zone.sorted_count == 0) return found;
  const Sorted& before = predecessor(view, zone, name, labels, below);
  found.pieces[0] = body_at(view, before.nsec);
  if (encloser.wildcard_nsec != before.nsec) {
    found.pieces[1] = body_at(view, encloser.wildcard_nsec);
  }
  return found;
}

// The offsets within a node are free for telling its answers apart.
Found answer_of(const View& view, const Node& node, const std::array<std::uint32_t, 2>& bodies,
                bool dnssec_ok) noexcept {
  const auto which = reinterpret_cast<const std::uint8_t*>(&bodies) -
                     reinterpret_cast<const std::uint8_t*>(&node);
  return {
      body_at(view, bodies[dnssec_ok ? 1 : 0]), {}, view.offset(node) + static_cast<std::uint32_t>(which)};
}

Found at_node(const View& view, const Node& node, std::uint16_t type, bool dnssec_ok) noexcept {
  const auto* answers = reinterpret_cast<const TypeAnswer*>(&node + 1);
  for (std::uint32_t i = 0; i < node.type_count; ++i) {
    if (answers[i].type == type) return answer_of(view, node, answers[i].body, dnssec_ok);
  }
  return answer_of(view, node, node.no_data, dnssec_ok);
}

Found in_zone(const View& view, const ZoneRecord& zone, Name name, const Labels& labels, std::size_t below,
              std::uint16_t type, bool dnssec_ok) noexcept {
  const Node* node = &view.at<Node>(zone.apex);
  for (std::size_t label = below; label-- > 0;) {
    const Node* next = view.find(zone, name.subspan(labels.start[label]));
    if (next == nullptr) return name_error(view, zone, *node, name, labels, below, dnssec_ok);
    node = next;
    if (node->kind != NodeKind::Delegation) continue;
    const bool ds = label == 0 && type == wire::rrtype::DS;
    Found found = answer_of(view, *node, ds ? node->ds : node->referral, dnssec_ok);
    found.delegation = node->number;
    return found;
  }
  return at_node(view, *node, type, dnssec_ok);
}

Found of_zone(const View& view, const ZoneRecord& zone, Found found) noexcept {
  found.zone = static_cast<std::uint32_t>(&zone - view.zones().data());
  return found;
}

}  // namespace

const Node* View::find(const ZoneRecord& zone, Name name) const noexcept {
  const std::uint32_t hash = name_hash(name.data(), name.size());
  const std::uint32_t mask = zone.slot_count - 1;
  const Slot* slots = &at<Slot>(zone.slots);
  for (std::uint32_t i = 0; i < kMaxProbes; ++i) {
    const Slot& slot = slots[(hash + i) & mask];
    if (slot.node == 0) return nullptr;
    if (slot.hash != hash) continue;
    const Node& node = at<Node>(slot.node);
    if (node.name_size == name.size() && std::memcmp(octets(node.name), name.data(), name.size()) == 0) {
      return &node;
    }
  }
  return nullptr;
}

Found find(const View& view, Name name, std::uint16_t type, bool dnssec_ok) noexcept {
  const Labels labels(name);
  const ZoneRecord* child_apex = nullptr;
  for (const ZoneRecord& zone : view.zones()) {
    std::size_t below = 0;
    const Name origin(view.octets(zone.origin), zone.origin_size);
    if (!is_within(name, labels, origin, below)) continue;
    // The parent answers for DS at a cut between two served zones (RFC 4035 section 3.1.4.1).
    if (below == 0 && type == wire::rrtype::DS && child_apex == nullptr) {
      child_apex = &zone;
      continue;
    }
    return of_zone(view, zone, in_zone(view, zone, name, labels, below, type, dnssec_ok));
  }
  if (child_apex == nullptr) return {};
  return of_zone(view, *child_apex, in_zone(view, *child_apex, name, labels, 0, type, dnssec_ok));
}

bool is_apex(const View& view, Name name) noexcept {
  return std::ranges::any_of(view.zones(), [&](const ZoneRecord& zone) {
    return std::ranges::equal(name, Name(view.octets(zone.origin), zone.origin_size));
  });
}

Rendered render(const Found& found, std::uint8_t* message, std::size_t start, std::size_t limit,
                std::size_t reserve) noexcept {
  const Body& body = *found.body;
  Rendered out{.end = start, .flags = body.flags};
  const auto* cuts = reinterpret_cast<const Cut*>(&body + 1);
  std::size_t extra = 0;
  for (const Body* piece : found.pieces) extra += piece != nullptr ? piece->size : 0;
  const std::size_t used = start + reserve + extra;
  const Cut* cut = nullptr;
  for (std::size_t i = body.cut_count; i-- > 0 && cut == nullptr;) {
    if (used + cuts[i].size <= limit) cut = &cuts[i];
  }
  if (cut == nullptr) {
    out.flags |= wire::flag::TC;
    out.truncated = true;
    return out;
  }
  const auto* fixups = reinterpret_cast<const std::uint16_t*>(cuts + body.cut_count);
  const auto* octets = reinterpret_cast<const std::uint8_t*>(fixups + body.fixup_count);
  std::uint8_t* target = message + start;
  std::memcpy(target, octets, cut->size);
  for (std::size_t i = 0; i < cut->fixups; ++i) {
    std::uint8_t* pointer = target + fixups[i];
    const auto moved = (wire::load_u16(pointer) + start) & 0x3FFF;
    wire::store_u16(pointer, static_cast<std::uint16_t>(0xC000 | moved));
  }
  out.end = start + cut->size;
  out.answers = body.answers;
  out.authorities = body.authorities;
  out.additionals = cut->additionals;
  for (const Body* piece : found.pieces) {
    if (piece == nullptr) continue;
    const auto* piece_cut = reinterpret_cast<const Cut*>(piece + 1);
    std::memcpy(message + out.end, piece_cut + piece->cut_count, piece->size);
    out.end += piece->size;
    out.authorities = static_cast<std::uint16_t>(out.authorities + piece->authorities);
  }
  return out;
}

}  // namespace imrs::image
