// dns/transfer/tsig.h
// Transaction signatures (RFC 8945) with HMAC-SHA256, -384 and -512, by OpenSSL: of requests and of
// responses, also of many messages (section 5.3.1). Octets in, octets out; the clock is an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "dns/transfer/message.h"

namespace imrs::transfer {

enum class TsigAlgorithm { HmacSha256, HmacSha384, HmacSha512 };

struct TsigKey {
  wire::Name name;
  TsigAlgorithm algorithm = TsigAlgorithm::HmacSha256;
  std::vector<std::uint8_t> secret;
};

// `algorithm`: "hmac-sha256" and so on; `secret`: base64. Errc::InvalidInput says what is wrong with which of
// them, and never what the secret is.
[[nodiscard]] Result<TsigKey> make_tsig_key(std::string_view name, std::string_view algorithm,
                                            std::string_view secret);

[[nodiscard]] std::vector<std::uint8_t> hmac(const TsigKey& key, Bytes octets);

// One request and its response.
class TsigClient {
 public:
  explicit TsigClient(TsigKey key) : key_(std::move(key)) {}

  // Adds the TSIG record and begins a new exchange. `now`: Unix time.
  void sign(std::vector<std::uint8_t>& query, std::int64_t now);

  // Each message of the response, in order. Checks its TSIG and takes it off; the first has to have one,
  // later ones may go without, at most 99 in a row. Errc::Refused: not signed, by another key or algorithm,
  // wrong, at another time than `now`, or the peer says that it cannot take ours; names key and remedy.
  [[nodiscard]] Result<void> verify(std::vector<std::uint8_t>& message, std::int64_t now);

  // A response whose last message is not signed may have been cut: it is not to be used.
  [[nodiscard]] bool last_was_signed() const noexcept { return unsigned_ == 0; }

 private:
  TsigKey key_;
  std::vector<std::uint8_t> pending_;  // what the next MAC covers before its own message
  bool first_ = true;
  int unsigned_ = 0;  // messages in a row
};

// A request that somebody sent.
struct CheckedRequest {
  enum class Outcome { NotSigned, Good, BadKey, BadSignature, BadTime } outcome = Outcome::NotSigned;
  const TsigKey* key = nullptr;   // Good, BadTime
  std::vector<std::uint8_t> mac;  // the request's; with the following for sign_response()
  wire::Name key_name, algorithm;
  std::uint64_t time = 0;
};

// Takes the TSIG record, if there is one, off the message. Errc::InvalidInput: the message is malformed.
[[nodiscard]] Result<CheckedRequest> check_request(std::vector<std::uint8_t>& message,
                                                   std::span<const TsigKey> keys, std::int64_t now);

// Adds to the answer what the request's TSIG calls for (section 5.2): a signature, or an error that cannot be
// signed, or nothing.
void sign_response(std::vector<std::uint8_t>& response, const CheckedRequest& request, std::int64_t now);

}  // namespace imrs::transfer
