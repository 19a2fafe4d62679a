// Zone files and trust anchor files, read by ldns. Called by imrs-zone. What ldns reads is turned into
// wire form at once and goes through ZoneBuilder like everything else.
#include <cerrno>
#include <cstdio>
#include <functional>
#include <memory>

#include "dns/wire/protocol.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"

// Last: it has ldns in it.
// clang-format off
#include "dns/zone/ldns_rdata.h"
// clang-format on

namespace imrs::zone {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
struct RrFreer {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;
using Rr = std::unique_ptr<ldns_rr, RrFreer>;

struct Record {
  wire::Name owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  Rdata rdata;
};

Result<Record> record_of(const ldns_rr& rr) {
  if (ldns_rr_get_class(&rr) != LDNS_RR_CLASS_IN) {
    return Error{Errc::InvalidInput, "a record of a class other than IN"};
  }
  const ldns_rdf* owner = ldns_rr_owner(&rr);
  auto name = wire::Name::from_wire({ldns_rdf_data(owner), ldns_rdf_size(owner)});
  if (!name) return name.error();
  return Record{std::move(*name), static_cast<std::uint16_t>(ldns_rr_get_type(&rr)), ldns_rr_ttl(&rr),
                rdata_of(rr)};
}

// Reads all records of a file and hands each to `take`. Errors name file and line.
Result<void> read_file(const std::string& path, const wire::Name& origin_name,
                       const std::function<Result<void>(Record)>& take) {
  const File file(std::fopen(path.c_str(), "re"));
  if (!file) return system_error(path);
  ldns_rdf* origin = ldns_dname_new_frm_str(origin_name.text().c_str());
  ldns_rdf* previous = nullptr;
  std::uint32_t default_ttl = 0;
  int line = 0;
  Result<void> outcome;
  while (outcome && std::feof(file.get()) == 0) {
    ldns_rr* raw = nullptr;
    const ldns_status status = ldns_rr_new_frm_fp_l(&raw, file.get(), &default_ttl, &origin, &previous,
                                                    &line);
    const Rr rr(raw);
    if (status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL ||
        status == LDNS_STATUS_SYNTAX_ORIGIN) {
      continue;
    }
    if (status != LDNS_STATUS_OK) {
      outcome = Error{Errc::InvalidInput, ldns_get_errorstr_by_id(status)};
    } else if (auto record = record_of(*rr)) {
      outcome = take(std::move(*record));
    } else {
      outcome = record.error();
    }
    if (!outcome) outcome = outcome.error().within(path + " line " + std::to_string(line));
  }
  ldns_rdf_deep_free(origin);
  ldns_rdf_deep_free(previous);
  if (outcome && std::ferror(file.get()) != 0) return system_error(path, EIO);
  return outcome;
}

}  // namespace

Result<Zone> parse_file(const std::string& path, const wire::Name& origin) {
  ZoneBuilder builder(origin);
  auto read = read_file(path, origin, [&](const Record& record) {
    return builder.add(record.owner, record.type, record.ttl, record.rdata);
  });
  if (!read) return read.error();
  auto zone = std::move(builder).finish();
  if (!zone) return zone.error().within(path);
  return zone;
}

Result<std::vector<TrustAnchor>> load_trust_anchors(const std::string& path) {
  std::vector<TrustAnchor> anchors;
  auto read = read_file(path, wire::Name(), [&](Record record) -> Result<void> {
    if (record.type != wire::rrtype::DS && record.type != wire::rrtype::DNSKEY) {
      return Error{Errc::InvalidInput, "a trust anchor is a DS or DNSKEY record"};
    }
    anchors.push_back({std::move(record.owner), record.type, std::move(record.rdata)});
    return {};
  });
  if (!read) return read.error();
  if (anchors.empty()) {
    return Error{Errc::InvalidInput, path + ": holds no DS or DNSKEY record (see dns-root-data)"};
  }
  return anchors;
}

}  // namespace imrs::zone
