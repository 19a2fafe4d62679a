// Makes the lab. The zones are those of tests/support without their records of DNSSEC, and a delegation whose
// addresses do not all fit 512 octets.
#include "tests/dns/audit/lab.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "dns/audit/ldns.h"
#include "dns/image/compile.h"
#include "dns/pipeline/contents.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/support/test_zones.h"

namespace imrs::test {
namespace {

constexpr std::uint32_t kFrom = 1577836800;

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "audit lab: %s\n", what.c_str());
  std::abort();
}

void expect(bool right, const char* what) {
  if (!right) give_up(what);
}

template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(*result);
}

std::string without_dnssec(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    bool keep = true;
    for (const char* type : {" RRSIG ", " NSEC ", " DNSKEY ", " ZONEMD "}) {
      keep = keep && line.find(type) == std::string::npos;
    }
    if (keep) out += line + "\n";
  }
  return out;
}

// Eight name servers elsewhere, each with two addresses in the zone.
std::string wide_delegation() {
  std::string out;
  for (const char server : {'1', '2', '3', '4', '5', '6', '7', '8'}) {
    const std::string host = std::string("s") + server + ".alpha.";
    out += "gamma. 172800 IN NS " + host + "\n" + host + " 172800 IN A 192.0.2.1" + server + "\n" + host +
           " 172800 IN AAAA 2001:db8::1" + server + "\n";
  }
  return out;
}

std::string text_of(const ldns_rr* rr) {
  char* const raw = ldns_rr2str(rr);
  std::string text = raw;
  std::free(raw);  // NOLINT: ldns allocates with malloc
  return text;
}

// Signs `file` in place with a new key, which signs everything; gives the DS record.
std::string sign(const std::string& file, const std::string& origin, std::uint32_t until) {
  ldns_key* key = ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256);
  expect(key != nullptr, "no key");
  ldns_key_set_pubkey_owner(key, ldns_dname_new_frm_str(origin.c_str()));
  ldns_key_set_origttl(key, 172800);
  ldns_key_set_inception(key, kFrom);
  ldns_key_set_expiration(key, until);
  ldns_key_set_flags(key, 257);
  ldns_rr* dnskey = ldns_key2rr(key);
  ldns_rr_set_ttl(dnskey, 172800);
  ldns_key_set_keytag(key, ldns_calc_keytag(dnskey));
  auto records = must(audit::read_zone_file(file, must(wire::Name::parse(origin))));
  ldns_dnssec_zone* zone = ldns_dnssec_zone_new();
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(records.get()); ++i) {
    ldns_dnssec_zone_add_rr(zone, ldns_rr_list_rr(records.get(), i));
  }
  ldns_dnssec_zone_add_rr(zone, dnskey);
  ldns_key_list* keys = ldns_key_list_new();
  ldns_key_list_push_key(keys, key);
  ldns_rr_list* made = ldns_rr_list_new();
  const auto status = ldns_dnssec_zone_sign(zone, made, keys, ldns_dnssec_default_replace_signatures,
                                            nullptr);
  expect(status == LDNS_STATUS_OK, ldns_get_errorstr_by_id(status));
  const audit::Ldns<std::FILE> out(std::fopen(file.c_str(), "we"));
  ldns_dnssec_zone_print(out.get(), zone);
  const audit::Ldns<ldns_rr> ds(ldns_key_rr2ds(dnskey, LDNS_SHA256));
  const std::string text = text_of(ds.get());
  ldns_rr_list_deep_free(made);
  ldns_dnssec_zone_free(zone);
  ldns_rr_free(dnskey);
  ldns_key_list_free(keys);
  return text;
}

}  // namespace

AuditLab::AuditLab(std::uint32_t arpa_until) {
  std::vector<zone::VerifiedZone> verified;
  for (const ZoneText& text : three_zones()) {
    const bool root = text.origin == ".", secure = text.origin != "root-servers.net.";
    const std::string name = root ? "root" : text.origin;
    LabZone zone{text.origin, dir_.path(name + "zone"), secure ? dir_.path(name + "ds") : "", secure};
    dir_.write(name + "zone", without_dnssec(text.text) + (root ? wide_delegation() : ""));
    const std::uint32_t until = root ? kLabUntil : arpa_until;
    if (secure) dir_.write(name + "ds", sign(zone.file, zone.origin, until));
    auto parsed = must(zone::parse_file(zone.file, must(wire::Name::parse(zone.origin))));
    zone::VerifyPolicy policy;
    std::vector<zone::TrustAnchor> trusted;
    if (secure) trusted = must(zone::load_trust_anchors(zone.anchor_file));
    if (!secure) policy.dnssec = zone::VerifyPolicy::Dnssec::None;
    verified.push_back(must(zone::verify(std::move(parsed), trusted, policy, kLabTime)));
    zones_.push_back(std::move(zone));
  }
  std::vector<const zone::VerifiedZone*> all;
  for (const zone::VerifiedZone& zone : verified) all.push_back(&zone);
  image_ = must(image::compile(all));
  contents_ = pipeline::zone_contents(all);
  for (const zone::VerifiedZone* zone : all) {
    each_[zone->zone().origin.text()] = pipeline::zone_contents({&zone, 1});
  }
}

GoldenImage compile_golden(const std::string& name) {
  auto parsed = must(zone::parse_file(golden_path(name + ".zone"), wire::Name()));
  const auto trusted = must(zone::load_trust_anchors(golden_path(name + ".ds")));
  const auto verified = must(zone::verify(std::move(parsed), trusted, {}, kLabTime));
  const zone::VerifiedZone* all[] = {&verified};
  return {must(image::compile(all)), pipeline::zone_contents(all)};
}

std::vector<audit::ZoneInput> AuditLab::inputs() const {
  std::vector<audit::ZoneInput> out;
  for (const LabZone& zone : zones_) {
    auto origin = must(wire::Name::parse(zone.origin));
    auto records = must(audit::read_zone_file(zone.file, origin));
    out.push_back({std::move(origin), std::move(records), zone.secure});
  }
  return out;
}

audit::Records AuditLab::anchors() const {
  audit::Records out = audit::make_records();
  for (const LabZone& zone : zones_) {
    if (!zone.secure) continue;
    if (auto read = audit::read_trust_anchors(zone.anchor_file, out); !read) give_up(read.error().message);
  }
  return out;
}

audit::Auditor AuditLab::auditor() const { return must(audit::Auditor::make(inputs(), anchors(), kLabTime)); }

}  // namespace imrs::test
