// dns/zone/ldns_rdata.h
// ldns, for the .cc files that read text, and the way from its records to ours. Include it last.
#pragma once

#include "dns/zone/zone.h"

// It defines `true` and `false` as macros, which the standard headers do not survive.
// clang-format off
#include <ldns/ldns.h>
#undef true
#undef false
// clang-format on

namespace imrs::zone {

// In uncompressed wire form; `rr` is read only.
[[nodiscard]] inline Rdata rdata_of(const ldns_rr& rr) {
  Rdata out;
  for (std::size_t i = 0; i < ldns_rr_rd_count(&rr); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(&rr, i);
    const auto* data = ldns_rdf_data(field);
    out.insert(out.end(), data, data + ldns_rdf_size(field));
  }
  return out;
}

}  // namespace imrs::zone
