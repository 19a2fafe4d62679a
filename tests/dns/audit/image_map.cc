// Takes images apart and puts them together. Called by the mutant tests.
#include "tests/dns/audit/image_map.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "dns/image/digest.h"
#include "dns/wire/bytes.h"
#include "dns/wire/name.h"

namespace imrs::test {
namespace {

using namespace image;

[[noreturn]] void none(std::string_view what) {
  std::fprintf(stderr, "image map: there is no %s\n", std::string(what).c_str());
  std::abort();
}

std::string lower_name(std::string_view text) {
  const auto name = wire::Name::parse(text);
  if (!name) none(text);
  const wire::Name lower = name->lower();
  return {reinterpret_cast<const char*>(lower.wire().data()), lower.size()};
}

// The sums of a body that lies at `offset`, as far as it can be read.
void refresh_body(Octets& image, std::uint32_t offset, std::size_t changed) {
  const Body head = get<Body>(image, offset);
  const std::size_t cuts_at = offset + sizeof(Body);
  const std::size_t octets_at = cuts_at + head.cut_count * sizeof(Cut) + head.fixup_count * 2U;
  if (octets_at + head.size > image.size()) return;
  for (std::size_t i = 0; i < head.cut_count; ++i) {
    Cut cut = get<Cut>(image, static_cast<std::uint32_t>(cuts_at + i * sizeof(Cut)));
    const std::size_t sum_at = cuts_at + i * sizeof(Cut) + offsetof(Cut, sum);
    if (cut.size > head.size || changed == sum_at || changed == sum_at + 1) continue;
    cut.sum = word_sum(image.data() + octets_at, cut.size);
    put(image, cuts_at + i * sizeof(Cut), cut);
  }
}

}  // namespace

ImageMap::ImageMap(const Octets& image) : image_(image) {
  const auto header = at<FileHeader>(0);
  constexpr auto kDigest = static_cast<std::uint32_t>(offsetof(FileHeader, digest));
  add("file header", 0, kDigest);
  add("file header", kDigest + 32, sizeof(FileHeader) - kDigest - 32);
  for (std::uint32_t i = 0; i < header.zone_count; ++i) {
    add_zone(header.zones + i * static_cast<std::uint32_t>(sizeof(ZoneRecord)));
  }
  for (const auto& [begin, part] : by_begin_) parts_.push_back(part);
}

void ImageMap::add(const char* kind, std::uint32_t begin, std::size_t size) {
  if (size > 0) by_begin_.try_emplace(begin, Part{kind, begin, begin + static_cast<std::uint32_t>(size)});
}

void ImageMap::add_zone(std::uint32_t offset) {
  const auto zone = at<ZoneRecord>(offset);
  add("zone record", offset, sizeof zone);
  add("name", zone.origin, zone.origin_size);
  add_node(zone.apex);
  add("slot", zone.slots, zone.slot_count * sizeof(Slot));
  for (std::uint32_t i = 0; i < zone.slot_count; ++i) {
    const auto slot = at<Slot>(zone.slots + i * static_cast<std::uint32_t>(sizeof(Slot)));
    if (slot.node != 0) add_node(slot.node);
  }
  add("sorted", zone.sorted, zone.sorted_count * sizeof(Sorted));
  for (std::uint32_t i = 0; i < zone.sorted_count; ++i) {
    const auto entry = at<Sorted>(zone.sorted + i * static_cast<std::uint32_t>(sizeof(Sorted)));
    add_name(entry.name);
    add_body(entry.nsec);
  }
  for (const std::uint32_t body : zone.name_error) add_body(body);
}

void ImageMap::add_name(std::uint32_t offset) {
  const auto name = wire::Name::from_wire(std::span(image_).subspan(offset));
  if (!name) none("name");
  add("name", offset, name->size());
}

void ImageMap::add_node(std::uint32_t offset) {
  const auto node = at<Node>(offset);
  add("node", offset, sizeof node);
  add_name(node.name);
  for (const auto& pair : {node.referral, node.ds, node.no_data}) {
    for (const std::uint32_t body : pair) add_body(body);
  }
  add_body(node.wildcard_nsec);
  add("type answer", offset + sizeof node, node.type_count * sizeof(TypeAnswer));
  for (std::uint32_t i = 0; i < node.type_count; ++i) {
    const auto begin = offset + sizeof node + i * sizeof(TypeAnswer);
    for (const std::uint32_t body : at<TypeAnswer>(static_cast<std::uint32_t>(begin)).body) add_body(body);
  }
}

void ImageMap::add_body(std::uint32_t offset) {
  if (offset == 0 || by_begin_.contains(offset)) return;
  const auto head = at<Body>(offset);
  bodies_.push_back(offset);
  add("body head", offset, sizeof head);
  const auto cuts = static_cast<std::uint32_t>(offset + sizeof head);
  const auto fixups = static_cast<std::uint32_t>(cuts + head.cut_count * sizeof(Cut));
  add("cut", cuts, head.cut_count * sizeof(Cut));
  add("fixup", fixups, head.fixup_count * 2U);
  add("body octets", fixups + head.fixup_count * 2U, head.size);
}

std::uint32_t ImageMap::zone(std::size_t index) const {
  return static_cast<std::uint32_t>(at<FileHeader>(0).zones + index * sizeof(ZoneRecord));
}

std::uint32_t ImageMap::zone_of(std::string_view origin) const {
  const std::string wanted = lower_name(origin);
  for (std::size_t i = 0; i < at<FileHeader>(0).zone_count; ++i) {
    const auto record = at<ZoneRecord>(zone(i));
    if (std::string_view(reinterpret_cast<const char*>(&image_[record.origin]), record.origin_size) ==
        wanted) {
      return zone(i);
    }
  }
  none(origin);
}

std::uint32_t ImageMap::slot(std::string_view origin, std::string_view name) const {
  const auto zone = at<ZoneRecord>(zone_of(origin));
  const std::string wanted = lower_name(name);
  for (std::uint32_t i = 0; i < zone.slot_count; ++i) {
    const auto offset = zone.slots + i * static_cast<std::uint32_t>(sizeof(Slot));
    const auto slot = at<Slot>(offset);
    if (slot.node == 0) continue;
    const auto node = at<Node>(slot.node);
    if (std::string_view(reinterpret_cast<const char*>(&image_[node.name]), node.name_size) == wanted)
      return offset;
  }
  none(name);
}

std::uint32_t ImageMap::node(std::string_view origin, std::string_view name) const {
  return at<Slot>(slot(origin, name)).node;
}

std::uint32_t ImageMap::sorted(std::string_view origin, std::string_view name) const {
  const auto zone = at<ZoneRecord>(zone_of(origin));
  const std::string wanted = lower_name(name);
  for (std::uint32_t i = 0; i < zone.sorted_count; ++i) {
    const auto offset = zone.sorted + i * static_cast<std::uint32_t>(sizeof(Sorted));
    if (std::memcmp(&image_[at<Sorted>(offset).name], wanted.data(), wanted.size()) == 0) return offset;
  }
  none(name);
}

std::uint32_t ImageMap::type_answer(std::string_view origin, std::string_view name,
                                    std::uint16_t type) const {
  const std::uint32_t offset = node(origin, name);
  for (std::uint32_t i = 0; i < at<Node>(offset).type_count; ++i) {
    const auto begin = static_cast<std::uint32_t>(offset + sizeof(Node) + i * sizeof(TypeAnswer));
    if (at<TypeAnswer>(begin).type == type) return begin;
  }
  none("answer of that type");
}

void ImageMap::refresh(Octets& image, std::size_t changed) const {
  for (const std::uint32_t body : bodies_) refresh_body(image, body, changed);
  put(image, offsetof(FileHeader, digest), digest_of(image));
}

BodyParts read_body(const Octets& image, std::uint32_t offset) {
  BodyParts out;
  out.head = get<Body>(image, offset);
  out.cuts.resize(out.head.cut_count);
  out.fixups.resize(out.head.fixup_count);
  out.octets.resize(out.head.size);
  const std::uint8_t* from = image.data() + offset + sizeof(Body);
  const auto take = [&](void* to, std::size_t size) {
    if (size > 0) std::memcpy(to, from, size);
    from += size;
  };
  take(out.cuts.data(), out.cuts.size() * sizeof(Cut));
  take(out.fixups.data(), out.fixups.size() * 2);
  take(out.octets.data(), out.octets.size());
  return out;
}

std::uint32_t append_body(Octets& image, BodyParts parts) {
  std::erase_if(parts.fixups, [&](std::uint16_t at) { return at >= parts.octets.size(); });
  parts.head.size = static_cast<std::uint32_t>(parts.octets.size());
  parts.head.cut_count = static_cast<std::uint16_t>(parts.cuts.size());
  parts.head.fixup_count = static_cast<std::uint16_t>(parts.fixups.size());
  for (Cut& cut : parts.cuts) {
    const auto before = [&](std::uint16_t at) { return at < cut.size; };
    const auto even = [&](std::uint16_t at) { return before(at) && at % 2 == 0; };
    cut.fixups = static_cast<std::uint16_t>(std::ranges::count_if(parts.fixups, before));
    cut.even_fixups = static_cast<std::uint16_t>(std::ranges::count_if(parts.fixups, even));
    cut.sum = word_sum(parts.octets.data(), cut.size);
  }
  image.resize((image.size() + 7) / 8 * 8);
  const auto offset = static_cast<std::uint32_t>(image.size());
  const auto append = [&](const void* from, std::size_t size) {
    const auto* octets = static_cast<const std::uint8_t*>(from);
    image.insert(image.end(), octets, octets + size);
  };
  append(&parts.head, sizeof parts.head);
  append(parts.cuts.data(), parts.cuts.size() * sizeof(Cut));
  append(parts.fixups.data(), parts.fixups.size() * 2);
  append(parts.octets.data(), parts.octets.size());
  put(image, offsetof(FileHeader, size), std::uint64_t{image.size()});
  return offset;
}

std::vector<std::size_t> ends_in(const BodyParts& parts) {
  std::vector<std::size_t> ends;
  std::size_t at = 0;
  while (at < parts.octets.size()) {
    for (;;) {
      if (std::ranges::binary_search(parts.fixups, static_cast<std::uint16_t>(at))) {
        at += 2;
        break;
      }
      const std::size_t label = parts.octets[at];
      at += 1 + label;
      if (label == 0) break;
    }
    at += 10U + wire::load_u16(&parts.octets[at + 8]);
    ends.push_back(at);
  }
  return ends;
}

void drop_last(BodyParts& parts, std::uint16_t image::Body::*section, std::uint16_t count) {
  const auto ends = ends_in(parts);
  parts.octets.resize(ends[ends.size() - 1 - count]);
  parts.head.*section = static_cast<std::uint16_t>(parts.head.*section - count);
  const auto size = static_cast<std::uint16_t>(parts.octets.size());
  Cut last = parts.cuts.back();
  std::erase_if(parts.cuts, [&](const Cut& cut) { return cut.size >= size; });
  last.size = size;
  last.additionals = parts.head.additionals;
  parts.cuts.push_back(last);
}

}  // namespace imrs::test
