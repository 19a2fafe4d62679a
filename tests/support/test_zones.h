// tests/support/test_zones.h
// Zones as text in, images out, without DNSSEC verification. For tests only: each function ends the
// program with a message when its input is broken.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "dns/image/image.h"
#include "dns/zone/verified_zone.h"

namespace imrs::test {

struct ZoneText {
  std::string origin;
  std::string text;  // master file format, owner names in full
};

// A small root, an arpa and a root-servers.net: signed-looking (the RRSIGs are made of fixed octets),
// root-servers.net unsigned. `serial` is in each SOA.
[[nodiscard]] std::vector<ZoneText> three_zones(std::uint32_t serial = 2026112400);

[[nodiscard]] Result<zone::VerifiedZone> read_zone(const ZoneText& zone);
[[nodiscard]] Result<zone::VerifiedZone> read_zone_file(const std::string& origin, const std::string& path);

// As compile() says, so that refusals can be tested.
[[nodiscard]] Result<std::vector<std::uint8_t>> compile_text(const std::vector<ZoneText>& zones);

[[nodiscard]] std::vector<std::uint8_t> image_octets(const std::vector<ZoneText>& zones);
[[nodiscard]] std::shared_ptr<const image::Image> image_of(const std::vector<ZoneText>& zones);

}  // namespace imrs::test
