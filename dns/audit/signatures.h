// dns/audit/signatures.h
// Whether a zone's signatures hold, by ldns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "agent/base/result.h"
#include "dns/audit/reference.h"

namespace imrs::audit {

struct SignatureReport {
  std::uint32_t verified = 0;
  std::int64_t first_end = 0;  // Unix time until which every set has, or had, a valid signature
};

// Signatures that this process has verified: over just these records, by one of just these keys. From one
// version of the root to the next nearly all stay the same.
class VerifiedSignatures {
 public:
  using Id = std::array<std::uint8_t, 32>;  // of records, signature and keys

  [[nodiscard]] bool hold(const Id& id) const { return ids_.contains(id); }
  void replace(std::set<Id> ids) { ids_ = std::move(ids); }
  [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }

 private:
  std::set<Id> ids_;
};

// The DNSKEY set is signed by a key that one of `anchors` (DS, DNSKEY) names, and every authoritative set
// (delegation NS and glue are not) by one of its keys, for its TTL, within the signature's dates at `now`
// (Unix time). Of a zone other than the root the dates may have gone by: by the end that is found here the
// agent has it answered with SERVFAIL. A signature by one of the keys that does not verify is an error; those
// by other keys, or outside their dates, neither help nor hurt. Each signature is verified once; those that
// `verified` holds were, and are only looked at for their dates and TTL. After a success it holds those of
// this zone and no others. `threads`: at least 1.
[[nodiscard]] Result<SignatureReport> check_signatures(const Reference& zone, const Records& anchors,
                                                       std::int64_t now, VerifiedSignatures& verified,
                                                       std::size_t threads);

// Loads what check_signatures() needs, for a process that will be able to open no file.
void prepare_signatures();

}  // namespace imrs::audit
