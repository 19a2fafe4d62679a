// tests/dns/audit/image_map.h
// An image taken apart: where its structures are, for changing them, and its checksums made right again, so
// that nothing but the audit can find what was changed. For tests only.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dns/image/layout.h"
#include "tests/dns/audit/lab.h"

namespace imrs::test {

struct Part {
  const char* kind = "";  // "node", "body octets" and so on
  std::uint32_t begin = 0, end = 0;
};

// A body in pieces that can grow and shrink.
struct BodyParts {
  image::Body head{};
  std::vector<image::Cut> cuts;
  std::vector<std::uint16_t> fixups;
  Octets octets;
};

class ImageMap {
 public:
  explicit ImageMap(const Octets& image);

  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }

  // Offsets of structures. `zone`: 0 is the deepest origin. Ends the program if there is none.
  [[nodiscard]] std::uint32_t zone(std::size_t index) const;
  [[nodiscard]] std::uint32_t zone_of(std::string_view origin) const;
  [[nodiscard]] std::uint32_t node(std::string_view origin, std::string_view name) const;
  [[nodiscard]] std::uint32_t slot(std::string_view origin, std::string_view name) const;
  [[nodiscard]] std::uint32_t sorted(std::string_view origin, std::string_view name) const;
  [[nodiscard]] std::uint32_t type_answer(std::string_view origin, std::string_view name,
                                          std::uint16_t type) const;

  // Makes the sums of all cuts and the digest right, as far as the structures can still be read; a sum of a
  // cut that `changed` lies in stays as it is.
  void refresh(Octets& image, std::size_t changed = 0) const;

 private:
  template <typename T>
  [[nodiscard]] T at(std::uint32_t offset) const {
    T value;
    std::memcpy(&value, image_.data() + offset, sizeof value);
    return value;
  }
  void add(const char* kind, std::uint32_t begin, std::size_t size);
  void add_body(std::uint32_t offset);
  void add_name(std::uint32_t offset);
  void add_node(std::uint32_t offset);
  void add_zone(std::uint32_t offset);

  Octets image_;
  std::map<std::uint32_t, Part> by_begin_;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> bodies_;
};

template <typename T>
[[nodiscard]] T get(const Octets& image, std::uint32_t offset) {
  T value;
  std::memcpy(&value, image.data() + offset, sizeof value);
  return value;
}
template <typename T>
void put(Octets& image, std::size_t offset, T value) {
  std::memcpy(image.data() + offset, &value, sizeof value);
}

[[nodiscard]] BodyParts read_body(const Octets& image, std::uint32_t offset);
// Writes it at the image's end, with sums and counts of pointers right; gives its offset.
std::uint32_t append_body(Octets& image, BodyParts parts);
// Offsets at which the records of a body end.
[[nodiscard]] std::vector<std::size_t> ends_in(const BodyParts& parts);
// Leaves off the last `count` records; `section`: the head's count that goes down.
void drop_last(BodyParts& parts, std::uint16_t image::Body::*section, std::uint16_t count);

}  // namespace imrs::test
