// The one pass over a received image. Called by Image before anything looks into it. Written against an
// adversary: the digest may be right and every number wrong, and still no lookup may leave the file.
#include "dns/image/validate.h"

#include <bit>
#include <cstring>
#include <string>

#include "dns/image/digest.h"
#include "dns/image/layout.h"
#include "dns/wire/name.h"

namespace imrs::image {
namespace {

// Steps of the validator for each octet of the image: ten times what the root zone needs (0.25, signed and
// with 3.2 MB; 0.38 without signatures).
constexpr std::uint64_t kStepsPerOctet = 4;
constexpr std::uint64_t kStepsMore = 1U << 16;

// Keeps what has been found wrong first; every check after that is skipped.
class Validator {
 public:
  explicit Validator(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), steps_left_(kStepsPerOctet * bytes.size() + kStepsMore) {}

  Result<void> run() {
    look();
    if (failure_ == nullptr) return {};
    return Error{Errc::Refused, std::string("answer image refused: ") + failure_};
  }

 private:
  void look() {
    const auto* header = array<FileHeader>(0, 1, "shorter than its header");
    if (header == nullptr) return;
    check(header->magic == kMagic, "not an answer image (magic)");
    check(header->version == kFormatVersion, "made for another format version; compile it anew");
    check(header->byte_order == kByteOrder, "made on a machine of another byte order");
    check(bytes_.size() <= kMaxImageSize, "over 64 MiB");
    check(header->size == bytes_.size(), "cut, or with something after its end");
    if (failure_ == nullptr) check(header->digest == digest_of(bytes_), "damaged (its digest differs)");
    check(header->zone_count > 0 && header->zone_count <= kMaxZones, "zone count");
    if (failure_ != nullptr) return;
    const auto* zones = array<ZoneRecord>(header->zones, header->zone_count, "zone table");
    for (std::uint32_t i = 0; zones != nullptr && i < header->zone_count; ++i) zone(zones[i]);
  }

  void check(bool right, const char* what) {
    if (!right && failure_ == nullptr) failure_ = what;
  }

  // Before a loop of that many steps: false if it must not be run.
  bool spend(std::uint64_t steps) {
    check(steps <= steps_left_, "its parts overlap too much to be checked in reasonable time");
    if (failure_ != nullptr) return false;
    steps_left_ -= steps;
    return true;
  }

  template <typename T>
  const T* array(std::uint64_t offset, std::uint64_t count, const char* what) {
    const bool inside = offset % alignof(T) == 0 && offset <= bytes_.size() &&
                        count <= (bytes_.size() - offset) / sizeof(T);
    check(inside, what);
    return inside ? reinterpret_cast<const T*>(bytes_.data() + offset) : nullptr;
  }

  // A whole wire name in lower case; `size` 0: any.
  void name(std::uint32_t offset, std::uint32_t size) {
    if (offset >= bytes_.size()) return check(false, "name outside the file");
    if (!spend(size == 0 ? wire::kMaxNameSize : size)) return;
    const auto name = wire::Name::from_wire(bytes_.subspan(offset));
    check(name.ok() && (size == 0 || name->size() == size), "broken name");
    if (!name) return;
    const wire::Name lower = name->lower();
    check(std::memcmp(lower.wire().data(), name->wire().data(), name->size()) == 0, "name not in lower case");
  }

  void body(std::uint32_t offset, bool needed, bool piece = false) {
    if (offset == 0) return check(!needed, "missing answer");
    const auto* head = array<Body>(offset, 1, "answer outside the file");
    if (head == nullptr) return;
    check(head->size <= kMaxBodySize && head->cut_count > 0, "answer size or cuts");
    check(head->fixup_count <= kMaxFixups, "too many pointers in an answer");
    check(!piece || (head->fixup_count == 0 && head->cut_count == 1), "piece with pointers or cuts");
    const std::uint64_t after = offset + sizeof(Body);
    const auto* cuts = array<Cut>(after, head->cut_count, "cuts outside the file");
    const std::uint64_t fixups_at = after + std::uint64_t{head->cut_count} * sizeof(Cut);
    const auto* fixups = array<std::uint16_t>(fixups_at, head->fixup_count, "pointers outside");
    const auto* octets = array<std::uint8_t>(fixups_at + head->fixup_count * 2ULL, head->size,
                                             "answer runs past the end");
    if (failure_ != nullptr || !spend(1ULL + head->cut_count + head->fixup_count + head->size)) return;
    std::uint32_t smallest_end = 0;
    for (std::uint32_t i = 0; i < head->fixup_count; ++i) {
      check(fixups[i] >= smallest_end && fixups[i] + 2U <= head->size, "pointer place");
      smallest_end = fixups[i] + 2U;
    }
    cuts_right({cuts, head->cut_count}, {fixups, head->fixup_count}, {octets, head->size}, head->additionals);
  }

  // From one cut to the next: what lies between them is looked at once. No cut goes through a pointer, for
  // patching it would write past what was copied, and each knows its pointers and its sum.
  void cuts_right(std::span<const Cut> cuts, std::span<const std::uint16_t> fixups,
                  std::span<const std::uint8_t> octets, std::uint16_t additionals) {
    std::size_t pointers = 0, even = 0, size = 0;
    std::uint64_t sum = 0;
    for (const Cut& cut : cuts) {
      check(cut.size >= size && cut.size <= octets.size() && cut.additionals <= additionals, "cut");
      if (failure_ != nullptr) return;
      for (; pointers < fixups.size() && fixups[pointers] < cut.size; ++pointers) {
        check(fixups[pointers] + 1U < cut.size, "cut through a pointer");
        even += fixups[pointers] % 2 == 0 ? 1 : 0;
      }
      sum += word_total(octets.data(), size, cut.size);
      size = cut.size;
      check(cut.fixups == pointers && cut.even_fixups == even && cut.sum == sum % 65535, "sums of a cut");
    }
    check(size == octets.size(), "the last cut is not the whole answer");
  }

  void pair(const std::array<std::uint32_t, 2>& bodies, bool needed) {
    for (const std::uint32_t offset : bodies) body(offset, needed);
  }

  // `delegations`: of the zone the node is in.
  void node(std::uint32_t offset, std::uint32_t delegations) {
    const auto* node = array<Node>(offset, 1, "name entry outside the file");
    if (node == nullptr) return;
    check(node->name_size > 0 && node->name_size <= wire::kMaxNameSize, "name size");
    name(node->name, node->name_size);
    const bool delegation = node->kind == NodeKind::Delegation;
    check(delegation || node->kind == NodeKind::Authoritative || node->kind == NodeKind::EmptyNonTerminal,
          "kind of name");
    check(delegation ? node->number > 0 && node->number <= delegations : node->number == 0,
          "number of a delegation");
    pair(node->referral, delegation);
    pair(node->ds, delegation);
    pair(node->no_data, !delegation);
    body(node->wildcard_nsec, false, true);
    const auto* types = array<TypeAnswer>(offset + sizeof(Node), node->type_count, "types outside the file");
    for (std::uint32_t i = 0; types != nullptr && i < node->type_count && failure_ == nullptr; ++i) {
      pair(types[i].body, true);
    }
  }

  void zone(const ZoneRecord& zone) {
    check(zone.origin_size > 0 && zone.origin_size <= wire::kMaxNameSize, "origin size");
    name(zone.origin, zone.origin_size);
    node(zone.apex, zone.delegations);
    check(std::has_single_bit(zone.slot_count), "slot count");
    const auto* slots = array<Slot>(zone.slots, zone.slot_count, "index outside the file");
    (void)spend(zone.slot_count);
    for (std::uint32_t i = 0; slots != nullptr && i < zone.slot_count && failure_ == nullptr; ++i) {
      if (slots[i].node != 0) node(slots[i].node, zone.delegations);
    }
    check((zone.flags & kSigned) == 0 || zone.sorted_count > 0, "signed zone without NSEC");
    const auto* sorted = array<Sorted>(zone.sorted, zone.sorted_count, "order outside the file");
    for (std::uint32_t i = 0; sorted != nullptr && i < zone.sorted_count && failure_ == nullptr; ++i) {
      name(sorted[i].name, 0);
      body(sorted[i].nsec, (zone.flags & kSigned) != 0, true);
    }
    pair(zone.name_error, true);
  }

  std::span<const std::uint8_t> bytes_;
  std::uint64_t steps_left_;
  const char* failure_ = nullptr;
};

}  // namespace

Result<void> validate(std::span<const std::uint8_t> bytes) { return Validator(bytes).run(); }

}  // namespace imrs::image
