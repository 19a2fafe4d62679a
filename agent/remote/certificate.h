// agent/remote/certificate.h
// Certificates and keys for the ops listener, looked at before they are put in place. Pure: PEM text in, PEM
// text out. No error holds anything of a key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs::remote {

struct ServerIdentity {
  std::string certificate;  // PEM: the server's, then those that lead to its CA
  std::string key;          // PEM, PKCS #8, without a passphrase
  std::string subject;
  std::int64_t not_after = 0;  // Unix time: of the first that ends
};

// From PEM text with certificates, the server's first, and one private key, in any order. Errc::InvalidInput:
// there is none of one of them, the key has a passphrase or does not belong to the first certificate, a
// certificate has not begun or has ended at `now`, or one is not signed by the next.
[[nodiscard]] Result<ServerIdentity> read_server_identity(std::string_view pem, std::int64_t now);

// Whether the private key in the text `key` is that of the first certificate in `certificate`; false if one
// of them cannot be read, too.
[[nodiscard]] bool belong_together(std::string_view certificate, std::string_view key);

struct ClientAuthorities {
  std::string certificates;  // PEM
  std::size_t count = 0;
  std::int64_t not_after = 0;
};
// From PEM text with one or more CA certificates and no key.
[[nodiscard]] Result<ClientAuthorities> read_client_authorities(std::string_view pem, std::int64_t now);

}  // namespace imrs::remote
