// What the kinds of queries and responses are called on pages and in metrics.
#include <fmt/format.h>

#include <array>

#include "agent/counts/counts.h"
#include "dns/wire/text.h"

namespace imrs::counts {
namespace {

// By WorkerPage's index: RFC 6895, and one for all the others.
constexpr std::array<std::string_view, kRcodes> kRcodeNames{
    "NOERROR", "FORMERR", "SERVFAIL",  "NXDOMAIN", "NOTIMP",   "REFUSED",   "YXDOMAIN", "YXRRSET", "NXRRSET",
    "NOTAUTH", "NOTZONE", "DSOTYPENI", "RCODE12",  "RCODE13",  "RCODE14",   "RCODE15",  "BADVERS", "BADKEY",
    "BADTIME", "BADMODE", "BADNAME",   "BADALG",   "BADTRUNC", "BADCOOKIE", "other"};
constexpr std::array<std::string_view, 16> kOpcodeNames{
    "QUERY",   "IQUERY",  "STATUS",   "opcode3",  "NOTIFY",   "UPDATE",   "DSO",      "opcode7",
    "opcode8", "opcode9", "opcode10", "opcode11", "opcode12", "opcode13", "opcode14", "opcode15"};
constexpr std::array<std::string_view, kMalformed> kMalformedNames{
    "", "short", "response", "question-count", "question", "records", "cookie"};
constexpr std::array<std::string_view, kQueryAttributes> kAttributeNames{"rd",           "cd",
                                                                         "ad",           "do",
                                                                         "edns",         "edns-other-version",
                                                                         "idn",          "cookie-client",
                                                                         "cookie-valid", "cookie-invalid"};
constexpr std::array<std::string_view, kChaosNames> kChaosNameTexts{
    "", "hostname.bind", "id.server", "version.bind", "version.server", "other"};
constexpr std::array<std::string_view, kNameTypes> kNameTypeNames{"A",     "AAAA", "NS", "DS",
                                                                  "HTTPS", "TXT",  "MX", "other"};

}  // namespace

std::string_view rcode_name(std::size_t index) { return kRcodeNames.at(index); }
std::string_view opcode_name(std::size_t opcode) { return kOpcodeNames.at(opcode); }
std::string_view malformed_name(std::size_t index) { return kMalformedNames.at(index); }
std::string_view attribute_name(std::size_t index) { return kAttributeNames.at(index); }
std::string_view chaos_name(std::size_t index) { return kChaosNameTexts.at(index); }
std::string_view name_type_name(std::size_t index) { return kNameTypeNames.at(index); }

std::string label_text(std::string_view label) {
  std::string out;
  for (const char c : label) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet > 0x20 && octet < 0x7F && c != '.' && c != '\\' && c != '"') {
      out.push_back(c);
    } else {
      out += fmt::format("\\{:03}", octet);
    }
  }
  return out;
}

std::string type_name(std::size_t index) {
  if (index == kTypeTa) return "TA";
  if (index == kTypeDlv) return "DLV";
  if (index >= kTypeOther) return "other";
  return wire::type_text(static_cast<std::uint16_t>(index));
}

}  // namespace imrs::counts
