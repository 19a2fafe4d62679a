// Makes the zone record by record, without the detour of text. Called by ZoneSource, once.
#include "dns/pipeline/identity_zone.h"

#include <arpa/inet.h>

#include <array>
#include <vector>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/zone/parse.h"

namespace imrs::pipeline {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint32_t kTtl = 0;
constexpr std::uint32_t kSerial = 1;
// Of the SOA, in seconds; nobody transfers the zone, and what does not exist is kept by nobody either.
constexpr std::uint32_t kRefresh = 3600, kRetry = 600, kExpire = 604800, kMinimum = 0;

Octets soa_rdata(const wire::Name& primary, const wire::Name& mailbox) {
  Octets rdata;
  wire::ByteWriter out(rdata);
  out.put(primary.wire());
  out.put(mailbox.wire());
  for (const std::uint32_t number : {kSerial, kRefresh, kRetry, kExpire, kMinimum}) out.u32(number);
  return rdata;
}

// Character-strings (RFC 1035 section 3.3.14): the node's name, then its place.
Result<Octets> txt_rdata(const IdentityZoneConfig& config) {
  std::vector<std::string> texts{config.node};
  texts.insert(texts.end(), config.place.begin(), config.place.end());
  Octets rdata;
  for (const std::string& text : texts) {
    if (text.size() > 255) {
      return Error{Errc::InvalidInput, "\"identity_zone\": a text of more than 255 octets; shorten it"};
    }
    rdata.push_back(static_cast<std::uint8_t>(text.size()));
    rdata.insert(rdata.end(), text.begin(), text.end());
  }
  return rdata;
}

Result<Octets> a_rdata(const std::string& address) {
  Octets rdata(4);
  if (::inet_pton(AF_INET, address.c_str(), rdata.data()) == 1) return rdata;
  return Error{Errc::InvalidInput, "\"identity_zone.address\": " + address + " is no IPv4 address"};
}

}  // namespace

Result<zone::Zone> identity_zone(const wire::Name& origin, const IdentityZoneConfig& config) {
  const auto server = wire::Name::parse(config.name_server);
  if (!server) return server.error().within("\"identity_zone.name_server\"");
  const auto mailbox = wire::Name::parse("hostmaster." + config.name_server);
  if (!mailbox) return mailbox.error().within("\"identity_zone.name_server\"");
  const auto txt = txt_rdata(config);
  if (!txt) return txt.error();
  const auto a = a_rdata(config.address.text);
  if (!a) return a.error();
  const auto ns = server->wire();
  const std::array<std::pair<std::uint16_t, Octets>, 4> records{
      {{wire::rrtype::SOA, soa_rdata(*server, *mailbox)},
       {wire::rrtype::NS, Octets(ns.begin(), ns.end())},
       {wire::rrtype::TXT, *txt},
       {wire::rrtype::A, *a}}};
  zone::ZoneBuilder builder(origin);
  for (const auto& [type, rdata] : records) {
    if (auto added = builder.add(origin, type, kTtl, rdata); !added) return added.error();
  }
  return std::move(builder).finish();
}

}  // namespace imrs::pipeline
