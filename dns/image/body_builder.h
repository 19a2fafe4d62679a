// dns/image/body_builder.h
// Builds one finished answer: records with name compression (RFC 1035 section 4.1.4), pointers noted for
// the move to their place in a message, and the places where the additional section may be cut.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dns/image/layout.h"
#include "dns/wire/name.h"
#include "dns/zone/zone.h"

namespace imrs::image {

enum class Section { Answer, Authority, Additional };

class BodyBuilder {
 public:
  // `anchor`: the name that is sure to end the question name, so that pointers may lead there.
  BodyBuilder(const wire::Name& anchor, std::uint16_t flags);
  // A piece: no names are compressed, so that it can be appended anywhere.
  [[nodiscard]] static BodyBuilder piece();

  void add(Section section, const wire::Name& owner, std::uint16_t type, std::uint32_t ttl,
           const zone::Rdata& rdata);
  void add_set(Section section, const wire::Name& owner, std::uint16_t type, const zone::RRset& set);
  void add_signatures(Section section, const wire::Name& owner, const zone::RRset& set);

  // The body may end here. Call after the last record that must not be left off, and after each that
  // may be.
  void allow_cut();

  // Body, cuts, fix-ups and octets as layout.h says. The whole body is always a cut.
  [[nodiscard]] std::vector<std::uint8_t> finish();
  [[nodiscard]] std::size_t size() const noexcept { return octets_.size(); }
  [[nodiscard]] std::size_t fixups() const noexcept { return fixups_.size(); }

 private:
  void add_name(const wire::Name& name);
  void add_rdata(std::uint16_t type, const zone::Rdata& rdata);

  std::uint16_t flags_;
  bool compress_ = true;
  std::vector<std::uint8_t> octets_;
  std::map<std::string, int> places_;  // lower-cased wire name -> target, counted from the body's start
  std::vector<std::uint16_t> fixups_;
  std::vector<Cut> cuts_;
  std::uint16_t counts_[3] = {};
};

}  // namespace imrs::image
