// Names of types and rcodes, and dates in UTC. Called wherever a message for the operator is made.
#include "dns/wire/text.h"

#include <ctime>
#include <utility>

#include "dns/wire/protocol.h"

namespace imrs::wire {
namespace {

constexpr std::pair<std::uint16_t, const char*> kTypes[] = {
    {rrtype::A, "A"},
    {rrtype::NS, "NS"},
    {rrtype::CNAME, "CNAME"},
    {rrtype::SOA, "SOA"},
    {rrtype::PTR, "PTR"},
    {rrtype::MX, "MX"},
    {rrtype::TXT, "TXT"},
    {rrtype::AAAA, "AAAA"},
    {rrtype::SRV, "SRV"},
    {rrtype::DNAME, "DNAME"},
    {rrtype::OPT, "OPT"},
    {rrtype::DS, "DS"},
    {rrtype::RRSIG, "RRSIG"},
    {rrtype::NSEC, "NSEC"},
    {rrtype::DNSKEY, "DNSKEY"},
    {rrtype::NSEC3, "NSEC3"},
    {rrtype::NSEC3PARAM, "NSEC3PARAM"},
    {rrtype::ZONEMD, "ZONEMD"},
    {rrtype::AXFR, "AXFR"},
    {rrtype::IXFR, "IXFR"},
    {rrtype::ANY, "ANY"},
};

constexpr const char* kRcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                   "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};

}  // namespace

std::string type_text(std::uint16_t type) {
  for (const auto& [number, text] : kTypes) {
    if (number == type) return text;
  }
  return "TYPE" + std::to_string(type);
}

std::string rcode_text(std::uint16_t rcode) {
  if (rcode < std::size(kRcodes)) return kRcodes[rcode];
  if (rcode == rcode::BadVers) return "BADVERS";
  return "RCODE" + std::to_string(rcode);
}

std::string utc_text(std::int64_t unix_time) {
  const std::time_t time = unix_time;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, size};
}

}  // namespace imrs::wire
