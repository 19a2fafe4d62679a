// Asks the engine for a zone's keys, by ldns. Called by `imrsctl rotate trust-anchor`. What comes back is not
// trusted: it is only compared with anchors.
#include "agent/remote/dnskey_question.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "dns/wire/protocol.h"

// Last: it has ldns in it.
// clang-format off
#include "dns/zone/ldns_rdata.h"
// clang-format on

namespace imrs::remote {
namespace {

constexpr timeval kLimit{3, 0};
constexpr std::size_t kTypeCovered = 0;  // field of an RRSIG

struct ResolverFreer {
  void operator()(ldns_resolver* resolver) const { ldns_resolver_deep_free(resolver); }
};
struct PacketFreer {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
struct RdfFreer {
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
};
struct ListFreer {
  void operator()(ldns_rr_list* list) const { ldns_rr_list_deep_free(list); }
};
using Resolver = std::unique_ptr<ldns_resolver, ResolverFreer>;
using Packet = std::unique_ptr<ldns_pkt, PacketFreer>;
using Rdf = std::unique_ptr<ldns_rdf, RdfFreer>;
using List = std::unique_ptr<ldns_rr_list, ListFreer>;

Resolver resolver_of(const IpAddress& service, std::uint16_t port) {
  Resolver resolver(::ldns_resolver_new());
  const bool v4 = service.family == Family::V4;
  const Rdf address(::ldns_rdf_new_frm_str(v4 ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA, service.text.c_str()));
  if (!resolver || !address ||
      ::ldns_resolver_push_nameserver(resolver.get(), address.get()) != LDNS_STATUS_OK) {
    return nullptr;
  }
  ::ldns_resolver_set_port(resolver.get(), port);
  ::ldns_resolver_set_usevc(resolver.get(), true);
  ::ldns_resolver_set_dnssec(resolver.get(), true);
  ::ldns_resolver_set_recursive(resolver.get(), false);
  ::ldns_resolver_set_timeout(resolver.get(), kLimit);
  ::ldns_resolver_set_retry(resolver.get(), 1);
  return resolver;
}

bool covers_keys(const ldns_rr& rr) {
  const ldns_rdf* covered = ::ldns_rr_rdf(&rr, kTypeCovered);
  return covered != nullptr && ::ldns_rdf2native_int16(covered) == wire::rrtype::DNSKEY;
}

zone::RRset set_of(const ldns_pkt& packet) {
  zone::RRset set;
  const List answers(::ldns_pkt_get_section_clone(&packet, LDNS_SECTION_ANSWER));
  for (std::size_t i = 0; answers && i < ::ldns_rr_list_rr_count(answers.get()); ++i) {
    const ldns_rr& rr = *::ldns_rr_list_rr(answers.get(), i);
    if (::ldns_rr_get_type(&rr) == LDNS_RR_TYPE_DNSKEY) {
      set.ttl = ::ldns_rr_ttl(&rr);
      set.rdata.push_back(zone::rdata_of(rr));
    } else if (::ldns_rr_get_type(&rr) == LDNS_RR_TYPE_RRSIG && covers_keys(rr)) {
      set.signature_ttl = ::ldns_rr_ttl(&rr);
      set.signatures.push_back(zone::rdata_of(rr));
    }
  }
  std::ranges::sort(set.rdata);  // the canonical order of RFC 4034 section 6.3
  return set;
}

}  // namespace

Result<zone::RRset> ask_dnskeys(const IpAddress& service, std::uint16_t port, const wire::Name& origin) {
  const Resolver resolver = resolver_of(service, port);
  const Rdf name(::ldns_dname_new_frm_str(origin.text().c_str()));
  if (!resolver || !name) return Error{Errc::InvalidInput, service.text + ": cannot be asked"};
  ldns_pkt* raw = nullptr;
  const ldns_status status = ::ldns_resolver_query_status(&raw, resolver.get(), name.get(),
                                                          LDNS_RR_TYPE_DNSKEY, LDNS_RR_CLASS_IN, 0);
  const Packet packet(raw);
  constexpr const char* kRemedy =
      "to change the anchors all the same, without comparing them with what is served, use --unchecked";
  if (status != LDNS_STATUS_OK || !packet) {
    return Error{Errc::Unavailable,
                 fmt::format("{} port {} does not answer for {} DNSKEY ({}); {}", service.text, port,
                             origin.text(), ::ldns_get_errorstr_by_id(status), kRemedy)};
  }
  zone::RRset set = set_of(*packet);
  if (!set.rdata.empty() && !set.signatures.empty()) return set;
  return Error{Errc::Unavailable, fmt::format("{} port {} serves no signed keys of {}; {}", service.text,
                                              port, origin.text(), kRemedy)};
}

}  // namespace imrs::remote
