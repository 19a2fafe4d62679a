// dns/audit/records.h
// A zone and its trust anchors as ldns reads them: the auditor's own source, apart from dns/zone and the
// compiler.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/wire/name.h"

struct ldns_struct_rr;
struct ldns_struct_rr_list;

namespace imrs::audit {

struct RecordsFree {
  void operator()(ldns_struct_rr_list* list) const;
};
// Owns its records.
using Records = std::unique_ptr<ldns_struct_rr_list, RecordsFree>;

// `secure`: the zone has to be signed under a trust anchor; otherwise no signature of it is checked.
// `check_zonemd`: a ZONEMD record has to match; otherwise the image must not say that it does.
struct ZoneInput {
  wire::Name origin;
  Records records;
  bool secure = true;
  bool check_zonemd = true;
};

[[nodiscard]] Records make_records();
[[nodiscard]] std::size_t count_of(const Records& records);

// All records of a zone file; the error names file and line.
[[nodiscard]] Result<Records> read_zone_file(const std::string& path, const wire::Name& origin);

// DS and DNSKEY records of a file, appended to `anchors`. Refuses a file with others or none.
[[nodiscard]] Result<void> read_trust_anchors(const std::string& path, Records& anchors);

}  // namespace imrs::audit
