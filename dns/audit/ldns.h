// dns/audit/ldns.h
// ldns for this folder's .cc files, with owners that free what it allocates.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "dns/wire/name.h"

// It defines `true` and `false` as macros.
// clang-format off
#include <ldns/ldns.h>
#undef true
#undef false
// clang-format on

namespace imrs::audit {

struct LdnsFree {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
  void operator()(ldns_zone* zone) const { ldns_zone_deep_free(zone); }
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
template <typename T>
using Ldns = std::unique_ptr<T, LdnsFree>;

// A list that does not own its records.
struct BorrowedFree {
  void operator()(ldns_rr_list* list) const { ldns_rr_list_free(list); }
};
using BorrowedList = std::unique_ptr<ldns_rr_list, BorrowedFree>;

[[nodiscard]] inline std::span<const std::uint8_t> octets_of(const ldns_rdf* rdf) {
  return {ldns_rdf_data(rdf), ldns_rdf_size(rdf)};
}

}  // namespace imrs::audit
