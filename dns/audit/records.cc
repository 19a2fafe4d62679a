// Reads zones and trust anchors by ldns. Called by `imrs-zone audit` and by the audit child before it is
// caged. It judges nothing but the syntax.
#include "dns/audit/records.h"

#include <cerrno>

#include "dns/audit/ldns.h"

namespace imrs::audit {
namespace {

Ldns<ldns_rdf> name_of(const wire::Name& name) {
  return Ldns<ldns_rdf>(ldns_dname_new_frm_str(name.text().c_str()));
}

Error in_line(const std::string& path, int line, const char* what) {
  return Error{Errc::InvalidInput, path + " line " + std::to_string(line) + ": " + what};
}

bool nothing_read(ldns_status status) {
  return status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL ||
         status == LDNS_STATUS_SYNTAX_ORIGIN;
}

}  // namespace

void RecordsFree::operator()(ldns_struct_rr_list* list) const { ldns_rr_list_deep_free(list); }

Records make_records() { return Records(ldns_rr_list_new()); }

std::size_t count_of(const Records& records) { return ldns_rr_list_rr_count(records.get()); }

Result<Records> read_zone_file(const std::string& path, const wire::Name& origin) {
  const Ldns<std::FILE> file(std::fopen(path.c_str(), "re"));
  if (!file) return system_error(path);
  const Ldns<ldns_rdf> name = name_of(origin);
  ldns_zone* raw = nullptr;
  int line = 0;
  const ldns_status status = ldns_zone_new_frm_fp_l(&raw, file.get(), name.get(), 0, LDNS_RR_CLASS_IN, &line);
  const Ldns<ldns_zone> zone(raw);
  if (status != LDNS_STATUS_OK) return in_line(path, line, ldns_get_errorstr_by_id(status));
  if (std::ferror(file.get()) != 0) return system_error(path, EIO);
  if (ldns_zone_soa(zone.get()) == nullptr) return Error{Errc::InvalidInput, path + ": holds no SOA record"};
  Records records(ldns_zone_rrs(zone.get()));
  ldns_zone_set_rrs(zone.get(), nullptr);
  ldns_rr_list_push_rr(records.get(), ldns_zone_soa(zone.get()));
  ldns_zone_set_soa(zone.get(), nullptr);
  return records;
}

Result<void> read_trust_anchors(const std::string& path, Records& anchors) {
  const Ldns<std::FILE> file(std::fopen(path.c_str(), "re"));
  if (!file) return system_error(path);
  std::uint32_t ttl = 0;
  int line = 0;
  bool found = false;
  while (std::feof(file.get()) == 0) {
    ldns_rr* raw = nullptr;
    const ldns_status status = ldns_rr_new_frm_fp_l(&raw, file.get(), &ttl, nullptr, nullptr, &line);
    if (nothing_read(status)) continue;
    if (status != LDNS_STATUS_OK) return in_line(path, line, ldns_get_errorstr_by_id(status));
    Ldns<ldns_rr> rr(raw);
    const ldns_rr_type type = ldns_rr_get_type(rr.get());
    if (type != LDNS_RR_TYPE_DS && type != LDNS_RR_TYPE_DNSKEY) {
      return in_line(path, line, "a trust anchor is a DS or DNSKEY record");
    }
    ldns_rr_list_push_rr(anchors.get(), rr.release());
    found = true;
  }
  if (found) return {};
  return Error{Errc::InvalidInput, path + ": holds no DS or DNSKEY record (see dns-root-data)"};
}

}  // namespace imrs::audit
