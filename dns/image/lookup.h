// dns/image/lookup.h
// A question in, the place of its answer in the image out; and the answer's octets into a message. No
// allocation, no exception, no bounds to check: Image::map has checked every offset.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dns/image/image.h"
#include "dns/image/layout.h"

namespace imrs::image {

// Read access to a validated image.
class View {
 public:
  explicit View(const Image& image) noexcept : base_(image.bytes().data()) {}

  template <typename T>
  [[nodiscard]] const T& at(std::uint32_t offset) const noexcept {
    return *reinterpret_cast<const T*>(base_ + offset);
  }
  [[nodiscard]] const std::uint8_t* octets(std::uint32_t offset) const noexcept { return base_ + offset; }
  // Of something in the image.
  template <typename T>
  [[nodiscard]] std::uint32_t offset(const T& object) const noexcept {
    return static_cast<std::uint32_t>(reinterpret_cast<const std::uint8_t*>(&object) - base_);
  }
  [[nodiscard]] const FileHeader& header() const noexcept { return at<FileHeader>(0); }
  [[nodiscard]] std::span<const ZoneRecord> zones() const noexcept {
    return {&at<ZoneRecord>(header().zones), header().zone_count};
  }
  // The node of a lower-cased name in the zone; null if the name is not in the zone.
  [[nodiscard]] const Node* find(const ZoneRecord& zone, std::span<const std::uint8_t> name) const noexcept;

 private:
  const std::uint8_t* base_;
};

struct Found {
  const Body* body = nullptr;           // null: no served zone holds the name
  std::array<const Body*, 2> pieces{};  // NSECs to append; null: none
  std::uint32_t identity = 0;           // the same for all questions that have this answer, with and without
                                        // DO; for a name error, for all names of the zone. Never 0 with a
                                        // body
  std::uint32_t zone = 0;               // index in View::zones() of the zone that answers
  std::uint32_t delegation = 0;         // Node::number of the delegation asked about; 0: none
};

// `name`: uncompressed wire name in lower case. `type`: not a meta type other than ANY.
[[nodiscard]] Found find(const View& view, std::span<const std::uint8_t> name, std::uint16_t type,
                         bool dnssec_ok) noexcept;

// True if one of the zones starts at `name` (as above).
[[nodiscard]] bool is_apex(const View& view, std::span<const std::uint8_t> name) noexcept;

struct Rendered {
  std::size_t end = 0;      // offset after the last octet written
  std::uint16_t flags = 0;  // AA and rcode, TC if truncated
  std::uint16_t answers = 0, authorities = 0, additionals = 0;
  bool truncated = false;
};

// Writes the answer at message + start. `limit`: the message must not be longer, `reserve` octets of it
// are kept for the OPT record. What does not fit is left off as the cuts allow; else nothing is written
// and TC is set.
[[nodiscard]] Rendered render(const Found& found, std::uint8_t* message, std::size_t start, std::size_t limit,
                              std::size_t reserve) noexcept;

}  // namespace imrs::image
