// Small zones for tests, read through the real parser and compiler. Called by tests only. The text goes
// into a memory file, because the parser reads files.
#include "tests/support/test_zones.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "agent/base/memfd.h"
#include "dns/image/compile.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"

namespace imrs::test {
namespace {

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "test zone: %s\n", error.message.c_str());
  std::abort();
}

// One RRSIG of 64 fixed octets, which no key has made.
std::string rrsig(std::string_view owner, std::string_view type, int labels, std::string_view signer) {
  return fmt::format(
      "{} 86400 IN RRSIG {} 8 {} 86400 20261231000000 20261101000000 4711 {} "
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==\n",
      owner, type, labels, signer);
}

std::string soa(std::string_view owner, std::uint32_t serial) {
  return fmt::format("{} 86400 IN SOA a.root-servers.net. nstld.example. {} 1800 900 604800 3600\n", owner,
                     serial);
}

constexpr const char* kKey =
    " 172800 IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixH"
    "lFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF"
    "0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLY"
    "A4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU=\n";

std::string root_zone(std::uint32_t serial) {
  std::string z = soa(".", serial) + rrsig(".", "SOA", 0, ".");
  z += ". 518400 IN NS a.root-servers.net.\n. 518400 IN NS b.root-servers.net.\n";
  z += rrsig(".", "NS", 0, ".") + "." + kKey + rrsig(".", "DNSKEY", 0, ".");
  z += fmt::format(". 86400 IN ZONEMD {} 1 1 {}\n", serial, std::string(96, 'a'));
  z += rrsig(".", "ZONEMD", 0, ".");
  z += ". 86400 IN NSEC alpha. NS SOA RRSIG NSEC DNSKEY ZONEMD\n" + rrsig(".", "NSEC", 0, ".");
  // Glue inside the delegation, a DS; too much for 512 octets with DO.
  z += "alpha. 172800 IN NS ns1.alpha.\nalpha. 172800 IN NS ns2.alpha.\n";
  z += "ns1.alpha. 172800 IN A 192.0.2.1\nns1.alpha. 172800 IN AAAA 2001:db8::1\n";
  z += "ns2.alpha. 172800 IN A 192.0.2.2\nns2.alpha. 172800 IN AAAA 2001:db8::2\n";
  z += fmt::format("alpha. 86400 IN DS 1 8 2 {}\n", std::string(64, 'b')) + rrsig("alpha.", "DS", 1, ".");
  z += "alpha. 86400 IN NSEC arpa. NS DS RRSIG NSEC\n" + rrsig("alpha.", "NSEC", 1, ".");
  z += "arpa. 172800 IN NS a.root-servers.net.\n";
  z += fmt::format("arpa. 86400 IN DS 2 8 2 {}\n", std::string(64, 'c')) + rrsig("arpa.", "DS", 1, ".");
  z += "arpa. 86400 IN NSEC beta. NS DS RRSIG NSEC\n" + rrsig("arpa.", "NSEC", 1, ".");
  // No DS; glue outside the delegation.
  z += "beta. 172800 IN NS ns1.alpha.\nbeta. 172800 IN NS ns.elsewhere.example.\n";
  z += "beta. 86400 IN NSEC net. NS RRSIG NSEC\n" + rrsig("beta.", "NSEC", 1, ".");
  z += "net. 172800 IN NS a.gtld.net.\na.gtld.net. 172800 IN A 192.0.2.9\n";
  z += "net. 86400 IN NSEC deep.empty.zeta. NS RRSIG NSEC\n" + rrsig("net.", "NSEC", 1, ".");
  // zeta. and empty.zeta. own nothing: empty non-terminals.
  z += "deep.empty.zeta. 172800 IN NS ns1.alpha.\n";
  z += "deep.empty.zeta. 86400 IN NSEC . NS RRSIG NSEC\n" + rrsig("deep.empty.zeta.", "NSEC", 3, ".");
  z += "a.root-servers.net. 518400 IN A 198.51.100.1\n";
  z += "a.root-servers.net. 518400 IN AAAA 2001:db8:a::1\n";
  z += "b.root-servers.net. 518400 IN A 198.51.100.2\n";
  return z;
}

std::string arpa_zone(std::uint32_t serial) {
  std::string z = soa("arpa.", serial) + rrsig("arpa.", "SOA", 1, "arpa.");
  z += "arpa. 518400 IN NS a.root-servers.net.\n" + rrsig("arpa.", "NS", 1, "arpa.");
  z += std::string("arpa.") + kKey + rrsig("arpa.", "DNSKEY", 1, "arpa.");
  z += "arpa. 86400 IN NSEC in-addr.arpa. NS SOA RRSIG NSEC DNSKEY\n" + rrsig("arpa.", "NSEC", 1, "arpa.");
  z += "in-addr.arpa. 172800 IN NS ns1.alpha.\n";
  z += "in-addr.arpa. 86400 IN NSEC arpa. NS RRSIG NSEC\n" + rrsig("in-addr.arpa.", "NSEC", 2, "arpa.");
  return z;
}

std::string root_servers_zone(std::uint32_t serial) {
  return soa("root-servers.net.", serial) +
         "root-servers.net. 3600000 IN NS a.root-servers.net.\n"
         "a.root-servers.net. 3600000 IN A 198.51.100.1\n"
         "a.root-servers.net. 3600000 IN AAAA 2001:db8:a::1\n"
         "b.root-servers.net. 3600000 IN A 198.51.100.2\n";
}

}  // namespace

std::vector<ZoneText> three_zones(std::uint32_t serial) {
  return {{".", root_zone(serial)},
          {"arpa.", arpa_zone(serial)},
          {"root-servers.net.", root_servers_zone(serial)}};
}

Result<zone::VerifiedZone> read_zone_file(const std::string& origin, const std::string& path) {
  auto name = wire::Name::parse(origin);
  if (!name) return name.error();
  auto parsed = zone::parse_file(path, *name);
  if (!parsed) return parsed.error();
  const zone::VerifyPolicy none{zone::VerifyPolicy::Dnssec::None, zone::VerifyPolicy::Zonemd::None};
  return zone::verify(std::move(*parsed), {}, none, 0);
}

Result<zone::VerifiedZone> read_zone(const ZoneText& zone) {
  const auto* text = reinterpret_cast<const std::uint8_t*>(zone.text.data());
  auto file = make_sealed_memfd("test-zone", {text, zone.text.size()});
  if (!file) return file.error();
  return read_zone_file(zone.origin, fmt::format("/proc/self/fd/{}", file->get()));
}

Result<std::vector<std::uint8_t>> compile_text(const std::vector<ZoneText>& zones) {
  std::vector<zone::VerifiedZone> read;
  for (const ZoneText& text : zones) {
    auto zone = read_zone(text);
    if (!zone) return zone.error();
    read.push_back(std::move(*zone));
  }
  std::vector<const zone::VerifiedZone*> pointers;
  for (const zone::VerifiedZone& zone : read) pointers.push_back(&zone);
  return image::compile(pointers);
}

std::vector<std::uint8_t> image_octets(const std::vector<ZoneText>& zones) {
  auto octets = compile_text(zones);
  if (!octets) give_up(octets.error());
  return std::move(*octets);
}

std::shared_ptr<const image::Image> image_of(const std::vector<ZoneText>& zones) {
  auto image = image::Image::adopt(image_octets(zones));
  if (!image) give_up(image.error());
  return *image;
}

}  // namespace imrs::test
