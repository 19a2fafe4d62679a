// tests/agent/remote/signed_keys.h
// Key signing keys of a test's own, and DNSKEY sets that they have signed. By ldns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dns/zone/zone.h"

struct ldns_struct_key;

namespace imrs::remote {

class SigningKey {
 public:
  // Of the root, ECDSA P-256.
  SigningKey();

  [[nodiscard]] std::uint16_t tag() const;
  [[nodiscard]] std::string ds() const;      // a line, with its newline
  [[nodiscard]] std::string dnskey() const;  // the same

 private:
  friend zone::RRset signed_set(const std::vector<const SigningKey*>& keys,
                                const std::vector<const SigningKey*>& signers, std::int64_t now);
  std::shared_ptr<ldns_struct_key> key_;
};

// The root's DNSKEY set of `keys`, signed by `signers`: valid from an hour before `now` to a day after.
[[nodiscard]] zone::RRset signed_set(const std::vector<const SigningKey*>& keys,
                                     const std::vector<const SigningKey*>& signers, std::int64_t now);

}  // namespace imrs::remote
