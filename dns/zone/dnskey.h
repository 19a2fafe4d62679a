// dns/zone/dnskey.h
// DNSKEYs and the signatures they make: algorithms 8 and 10 (RFC 5702), 13 and 14 (RFC 6605), 15
// (RFC 8080), by OpenSSL. Thread-safe once made.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/zone/zone.h"

struct evp_pkey_st;

namespace imrs::zone {

class DnsKey {
 public:
  // From DNSKEY rdata. An algorithm that is not supported gives a key that verifies nothing.
  [[nodiscard]] static Result<DnsKey> from_rdata(const Rdata& rdata);

  [[nodiscard]] std::uint16_t tag() const noexcept { return tag_; }  // RFC 4034 appendix B
  [[nodiscard]] std::uint8_t algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] bool supported() const noexcept { return key_ != nullptr; }
  // Zone key flag set, not revoked (RFC 5011), protocol 3.
  [[nodiscard]] bool usable() const noexcept { return usable_; }
  [[nodiscard]] const Rdata& rdata() const noexcept { return rdata_; }

  [[nodiscard]] bool verifies(std::span<const std::uint8_t> data,
                              std::span<const std::uint8_t> signature) const;

 private:
  Rdata rdata_;
  std::uint16_t tag_ = 0;
  std::uint8_t algorithm_ = 0;
  bool usable_ = false;
  std::shared_ptr<evp_pkey_st> key_;
};

// True if `ds` (DS rdata, digest type 2 or 4: SHA-256, SHA-384) is the digest of that key at `owner`.
[[nodiscard]] bool ds_matches(const Rdata& ds, const wire::Name& owner, const DnsKey& key);

}  // namespace imrs::zone
