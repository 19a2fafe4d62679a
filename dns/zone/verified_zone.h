// dns/zone/verified_zone.h
// A zone that may be compiled and served. Only verify() (dns/zone/verify.h) makes one.
#pragma once

#include <cstdint>
#include <string>

#include "dns/zone/zone.h"

namespace imrs::zone {

enum class Assurance : std::uint8_t {
  Dnssec,       // every authoritative RRset is signed under the trust anchor, NSEC chain closed
  NotVerified,  // --insecure-no-verify, or a zone that is not signed
};

class VerifiedZone {
 public:
  [[nodiscard]] const Zone& zone() const noexcept { return zone_; }
  [[nodiscard]] Assurance assurance() const noexcept { return assurance_; }
  [[nodiscard]] bool zonemd_verified() const noexcept { return zonemd_verified_; }
  [[nodiscard]] std::uint32_t serial() const noexcept { return serial_; }
  // Seconds; RFC 1035 section 3.3.13.
  [[nodiscard]] std::uint32_t refresh() const noexcept { return refresh_; }
  [[nodiscard]] std::uint32_t retry() const noexcept { return retry_; }
  [[nodiscard]] std::uint32_t expire() const noexcept { return expire_; }
  // Unix time until which every RRset has a valid signature, the DNSKEY set one by a trusted key; 0 if
  // there are none.
  [[nodiscard]] std::int64_t first_signature_end() const noexcept { return first_signature_end_; }
  // Records that no answer can hold, in words: occluded ones and orphan glue (RFC 9499). Empty: none.
  [[nodiscard]] const std::string& oddities() const noexcept { return oddities_; }
  [[nodiscard]] std::uint32_t signatures_verified() const noexcept { return signatures_verified_; }

 private:
  friend class Verifier;  // dns/zone/verify.cc
  VerifiedZone() = default;

  Zone zone_;
  Assurance assurance_ = Assurance::NotVerified;
  bool zonemd_verified_ = false;
  std::uint32_t serial_ = 0, refresh_ = 0, retry_ = 0, expire_ = 0;
  std::int64_t first_signature_end_ = 0;
  std::string oddities_;
  std::uint32_t signatures_verified_ = 0;
};

}  // namespace imrs::zone
