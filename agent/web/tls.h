// agent/web/tls.h
// TLS of the ops listener: version 1.3 only, and only for those who show a certificate that one of the client
// CAs has signed. The files are read again when they change; what cannot be used then leaves what was there.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/result.h"
#include "agent/config/config.h"

namespace imrs::web {

class Tls {
 public:
  explicit Tls(TlsConfig config) : config_(std::move(config)) {}

  // Of new connections; those that are there keep the one they have. Null: there is none yet that can be
  // used, and nobody is to be let in.
  [[nodiscard]] const std::shared_ptr<boost::asio::ssl::context>& context() const noexcept {
    return context_;
  }

  // Looks whether the files have changed, and tries again what could not be used. True: they are used now; an
  // error: they cannot be used: names the file that is missing or wrong (once for each change, and reason).
  // The first look reads them.
  [[nodiscard]] Result<bool> look();

  // Certificate and key do not belong together, as after a rotation that was cut off between the two, and
  // when nothing was there yet to go on with: one of them is the one before (previous_of()).
  [[nodiscard]] bool uses_previous() const noexcept { return uses_previous_; }

  // Until when the certificates are good, Unix time; of the CA file the first that ends.
  [[nodiscard]] std::int64_t server_not_after() const noexcept { return server_not_after_; }
  [[nodiscard]] std::int64_t client_ca_not_after() const noexcept { return client_ca_not_after_; }

 private:
  struct Stamp {
    std::int64_t seconds = 0, nanoseconds = 0;  // of its last change (ctime): its owner or mode count too
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Stamps {
    Stamp certificate, key, client_ca;
    bool operator==(const Stamps&) const = default;
  };
  Result<void> load();
  [[nodiscard]] static Stamp stamp_of(const std::string& file);
  [[nodiscard]] static Stamps stamps_of(const TlsConfig& config);

  TlsConfig config_;
  std::optional<Stamps> stamps_;  // none before the first look
  std::string failed_;            // why the last load() has failed; empty: it has not
  std::shared_ptr<boost::asio::ssl::context> context_;
  bool uses_previous_ = false;
  std::int64_t server_not_after_ = 0, client_ca_not_after_ = 0;
};

}  // namespace imrs::web
