// Names of types and rcodes, and dates in UTC. Called wherever a message for the operator is made.
#include "dns/wire/text.h"

#include <ctime>
#include <utility>

#include "dns/wire/protocol.h"

namespace imrs::wire {
namespace {

// IANA, "Resource Record (RR) TYPEs".
constexpr std::pair<std::uint16_t, const char*> kTypes[] = {
    {1, "A"},       {2, "NS"},     {5, "CNAME"},    {6, "SOA"},         {10, "NULL"},  {11, "WKS"},
    {12, "PTR"},    {13, "HINFO"}, {15, "MX"},      {16, "TXT"},        {17, "RP"},    {18, "AFSDB"},
    {24, "SIG"},    {25, "KEY"},   {28, "AAAA"},    {29, "LOC"},        {30, "NXT"},   {33, "SRV"},
    {35, "NAPTR"},  {36, "KX"},    {37, "CERT"},    {38, "A6"},         {39, "DNAME"}, {41, "OPT"},
    {42, "APL"},    {43, "DS"},    {44, "SSHFP"},   {45, "IPSECKEY"},   {46, "RRSIG"}, {47, "NSEC"},
    {48, "DNSKEY"}, {49, "DHCID"}, {50, "NSEC3"},   {51, "NSEC3PARAM"}, {52, "TLSA"},  {53, "SMIMEA"},
    {55, "HIP"},    {59, "CDS"},   {60, "CDNSKEY"}, {61, "OPENPGPKEY"}, {62, "CSYNC"}, {63, "ZONEMD"},
    {64, "SVCB"},   {65, "HTTPS"}, {99, "SPF"},     {249, "TKEY"},      {250, "TSIG"}, {251, "IXFR"},
    {252, "AXFR"},  {255, "ANY"},  {256, "URI"},    {257, "CAA"},       {32768, "TA"}, {32769, "DLV"},
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
