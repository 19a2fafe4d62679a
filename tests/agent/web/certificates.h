// tests/agent/web/certificates.h
// Certificates and keys of the test's own, as PEM text. Aborts if OpenSSL does not make them.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>

namespace imrs::web {

struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
  [[nodiscard]] std::string certificate_pem() const;
  [[nodiscard]] std::string key_pem() const;
};

// A CA that has signed itself. `not_after`: Unix time.
[[nodiscard]] Identity make_ca(const std::string& name, std::int64_t not_after);

struct Wish {
  std::string name;
  std::string usage = "clientAuth";        // or "serverAuth"
  std::int64_t not_after = 4'102'444'800;  // 2100-01-01
  bool rsa = false;                        // instead of P-256
};
// Signed by the CA.
[[nodiscard]] Identity make_identity(const Identity& ca, const Wish& wish);

}  // namespace imrs::web
