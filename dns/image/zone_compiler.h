// dns/image/zone_compiler.h
// One verified zone into nodes, answers and the sorted names of its section of the image.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/image/body_builder.h"
#include "dns/image/layout.h"
#include "dns/zone/verified_zone.h"

namespace imrs::image {

// The file under construction: everything is appended, aligned to 8 octets.
class ImageWriter {
 public:
  [[nodiscard]] std::uint32_t append(std::span<const std::uint8_t> octets);
  // Where the next append() will write: at a multiple of `alignment`, a power of two.
  std::uint32_t align(std::size_t alignment);
  template <typename T>
  [[nodiscard]] std::uint32_t append_array(const std::vector<T>& values) {
    return append({reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(T)});
  }
  [[nodiscard]] std::vector<std::uint8_t>& bytes() noexcept { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

class ZoneCompiler {
 public:
  ZoneCompiler(ImageWriter& writer, const zone::VerifiedZone& verified);

  [[nodiscard]] Result<ZoneRecord> run();

 private:
  struct Place {
    NodeKind kind = NodeKind::EmptyNonTerminal;
    const zone::Node* node = nullptr;  // null: empty non-terminal
  };
  using Pair = std::array<std::uint32_t, 2>;

  Result<void> classify();
  Result<void> refuse_unanswerable(const wire::Name& owner, const zone::Node& node) const;
  void add_empty_non_terminals();
  void write_nsec_pieces();
  Result<void> write_nodes();
  Node make_delegation(const wire::Name& owner, const zone::Node& node);
  Node make_authoritative(const wire::Name& owner, const Place& place, std::vector<TypeAnswer>& types);
  [[nodiscard]] Result<std::vector<Slot>> make_slots() const;
  [[nodiscard]] std::vector<Sorted> make_sorted() const;

  Pair referral(const wire::Name& owner, const zone::Node& node);
  Pair positive(const wire::Name& owner, std::uint16_t type, const zone::RRset& set);
  Pair any_type(const wire::Name& owner, const zone::Node& node);
  Pair all_signatures(const wire::Name& owner, const zone::Node& node);
  Pair negative(const wire::Name& owner, std::uint16_t flags, const wire::Name* nsec_owner);
  void add_negative_soa(BodyBuilder& body, bool dnssec_ok) const;
  void add_nsec(BodyBuilder& body, const wire::Name& owner, bool dnssec_ok) const;
  void add_glue(BodyBuilder& body, const wire::Name& owner, const zone::RRset& ns, bool dnssec_ok) const;
  void add_addresses(BodyBuilder& body, const wire::Name& host, bool cuts, bool dnssec_ok) const;
  std::uint32_t write(BodyBuilder& body);

  // The name in the NSEC chain that is or precedes `name`; null if the zone is not signed.
  [[nodiscard]] const wire::Name* chain_predecessor(const wire::Name& name) const;
  [[nodiscard]] std::uint32_t piece_before(const wire::Name& name) const;
  [[nodiscard]] std::uint32_t wildcard_piece(const wire::Name& encloser) const;

  ImageWriter& writer_;
  const zone::VerifiedZone& verified_;
  const zone::Zone& zone_;
  std::map<wire::Name, Place> places_;               // what can be asked for and exists
  std::map<wire::Name, std::uint32_t> nsec_pieces_;  // the NSEC chain
  std::map<wire::Name, std::uint32_t> names_;        // written names
  std::map<wire::Name, std::uint32_t> nodes_;        // written nodes
  std::optional<Error> failure_;
};

}  // namespace imrs::image
