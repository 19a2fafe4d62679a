// dns/zone/signatures.h
// Which signatures have to be checked, and checking them, in parallel where there are cores.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/zone/dnskey.h"
#include "dns/zone/known_signatures.h"
#include "dns/zone/zone.h"

namespace imrs::zone {

// The fixed part of RRSIG rdata (RFC 4034 section 3.1).
struct Rrsig {
  std::uint16_t covered = 0;
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t original_ttl = 0;
  std::uint32_t expiration = 0;  // seconds, serial arithmetic (section 3.1.5)
  std::uint32_t inception = 0;
  std::uint16_t key_tag = 0;
  wire::Name signer;
  std::span<const std::uint8_t> signature;
  std::size_t signed_prefix = 0;  // octets of the rdata before the signature

  [[nodiscard]] static Result<Rrsig> read(const Rdata& rdata);
};

// Unix time of a signature's 32-bit time, which is near `now` (section 3.1.5).
[[nodiscard]] std::int64_t absolute_time(std::uint32_t time, std::int64_t now);

// One RRset and the signatures over it.
struct SignedSet {
  const wire::Name* owner = nullptr;
  std::uint16_t type = 0;
  const RRset* set = nullptr;
};

struct SignatureSummary {
  std::uint32_t verified = 0;
  std::int64_t first_end = 0;  // Unix time; a set lasts as long as its last valid signature
};

// Checks all the sets: each needs at least one RRSIG by one of `keys` that verifies and is within its dates
// at `now` (Unix time), and none by one of `keys` that does not verify. RRSIGs by other keys or of
// unsupported algorithms neither help nor hurt. The error is that of the first set in order. Those that
// `known` holds are not verified again; it gets those that were. Throws std::bad_alloc, also for
// its other threads.
[[nodiscard]] Result<SignatureSummary> check_signatures(std::span<const SignedSet> sets,
                                                        const wire::Name& zone, std::span<const DnsKey> keys,
                                                        std::int64_t now, KnownSignatures& known);

}  // namespace imrs::zone
