// Signs and checks messages. Called by the client for what it asks primaries, and by the listener for NOTIFY.
// Everything about a message that comes in is untrusted until its MAC is right.
#include "dns/transfer/tsig.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"

namespace imrs::transfer {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint16_t kFudge = 300;  // seconds, RFC 8945 section 10
constexpr std::uint16_t kBadSig = 16, kBadKey = 17, kBadTime = 18, kBadTrunc = 22;
constexpr int kMaxUnsigned = 99;  // section 5.3.1
constexpr std::size_t kLeastSecret = 16;

struct AlgorithmName {
  TsigAlgorithm algorithm;
  const char* text;
};
constexpr std::array kAlgorithms{AlgorithmName{TsigAlgorithm::HmacSha256, "hmac-sha256"},
                                 AlgorithmName{TsigAlgorithm::HmacSha384, "hmac-sha384"},
                                 AlgorithmName{TsigAlgorithm::HmacSha512, "hmac-sha512"}};

std::string text_of(TsigAlgorithm algorithm) {
  return std::ranges::find(kAlgorithms, algorithm, &AlgorithmName::algorithm)->text;
}

wire::Name name_of(TsigAlgorithm algorithm) { return wire::Name::parse(text_of(algorithm)).value(); }

const EVP_MD* digest_of(TsigAlgorithm algorithm) {
  switch (algorithm) {
    case TsigAlgorithm::HmacSha256: return ::EVP_sha256();
    case TsigAlgorithm::HmacSha384: return ::EVP_sha384();
    case TsigAlgorithm::HmacSha512: return ::EVP_sha512();
  }
  return nullptr;
}

struct Tsig {
  std::size_t start = 0;  // of the record in the message
  wire::Name key, algorithm;
  std::uint64_t time = 0;
  std::uint16_t fudge = kFudge, original_id = 0, error = 0;
  Octets mac, other;
};

Error malformed(std::string_view why) {
  return Error{Errc::InvalidInput, "malformed message: " + std::string(why)};
}

void put_time(wire::ByteWriter& out, std::uint64_t time) {
  out.u16(static_cast<std::uint16_t>(time >> 32));
  out.u32(static_cast<std::uint32_t>(time));
}

void put_sized(wire::ByteWriter& out, Bytes octets) {
  out.u16(static_cast<std::uint16_t>(octets.size()));
  out.put(octets);
}

// Section 4.3.3: what the MAC of a request, and of the first message of a response, covers after the message.
void put_variables(wire::ByteWriter& out, const Tsig& tsig) {
  out.put(tsig.key.lower().wire());
  out.u16(wire::rrclass::ANY);
  out.u32(0);  // TTL
  out.put(tsig.algorithm.lower().wire());
  put_time(out, tsig.time);
  out.u16(tsig.fudge);
  out.u16(tsig.error);
  put_sized(out, tsig.other);
}

// Section 4.3.3.1: later ones.
void put_timers(wire::ByteWriter& out, const Tsig& tsig) {
  put_time(out, tsig.time);
  out.u16(tsig.fudge);
}

void append_record(Octets& message, const Tsig& tsig) {
  Octets rdata;
  wire::ByteWriter data(rdata);
  data.put(tsig.algorithm.wire());
  put_time(data, tsig.time);
  data.u16(tsig.fudge);
  put_sized(data, tsig.mac);
  data.u16(tsig.original_id);
  data.u16(tsig.error);
  put_sized(data, tsig.other);
  wire::ByteWriter out(message);
  out.put(tsig.key.wire());
  out.u16(wire::rrtype::TSIG);
  out.u16(wire::rrclass::ANY);
  out.u32(0);
  put_sized(out, rdata);
  wire::store_u16(&message[10], static_cast<std::uint16_t>(wire::load_u16(&message[10]) + 1));
}

// Steps over one record; its type, or nothing if it cannot be read.
std::optional<std::uint16_t> skip_record(Bytes message, std::size_t& position) {
  if (!read_name(message, position)) return std::nullopt;
  wire::ByteReader reader(message.subspan(position));
  const std::uint16_t type = reader.u16();
  reader.skip(6);  // class, TTL
  reader.skip(reader.u16());
  if (!reader.ok()) return std::nullopt;
  position += reader.position();
  return type;
}

Result<Tsig> read_record(Bytes message, std::size_t start) {
  Tsig tsig;
  tsig.start = start;
  std::size_t position = start;
  auto key = read_name(message, position);
  if (!key) return key.error();
  wire::ByteReader fixed(message.subspan(position + 2, 6));
  if (fixed.u16() != wire::rrclass::ANY || fixed.u32() != 0) {
    return malformed("a TSIG record that is not of class ANY and TTL 0");
  }
  position += 10;  // type, class, TTL, size
  auto algorithm = read_name(message, position);
  if (!algorithm) return algorithm.error();
  tsig.key = std::move(*key);
  tsig.algorithm = std::move(*algorithm);
  wire::ByteReader reader(message.subspan(position));
  const std::uint64_t high = reader.u16();
  tsig.time = high << 32 | reader.u32();
  tsig.fudge = reader.u16();
  const auto mac = reader.take(reader.u16());
  tsig.mac.assign(mac.begin(), mac.end());
  tsig.original_id = reader.u16();
  tsig.error = reader.u16();
  const auto other = reader.take(reader.u16());
  tsig.other.assign(other.begin(), other.end());
  if (!reader.ok() || reader.remaining() != 0) return malformed("its TSIG record cannot be read");
  return tsig;
}

// The TSIG record; nothing if there is none. It has to be the last record (section 5.1).
Result<std::optional<Tsig>> find_record(Bytes message) {
  if (message.size() < wire::kHeaderSize) return malformed("shorter than a header");
  wire::ByteReader header(message.subspan(4));
  const std::uint16_t questions = header.u16();
  const std::uint32_t before = header.u16() + header.u16();
  const std::uint32_t all = before + header.u16();
  std::size_t position = wire::kHeaderSize;
  for (std::uint16_t i = 0; i < questions; ++i) {
    if (!read_name(message, position) || message.size() - position < 4) {
      return malformed("its question cannot be read");
    }
    position += 4;
  }
  for (std::uint32_t i = 0; i < all; ++i) {
    const std::size_t start = position;
    const auto type = skip_record(message, position);
    if (!type) return malformed("a record cannot be read");
    if (*type != wire::rrtype::TSIG) continue;
    if (i + 1 != all || i < before) return malformed("a TSIG record that is not the last one");
    auto tsig = read_record(message.first(position), start);
    if (!tsig) return tsig.error();
    return std::optional(std::move(*tsig));
  }
  if (position != message.size()) return malformed("octets after the last record");
  return std::optional<Tsig>();
}

// The message as it was before it was signed.
void take_off(Octets& message, const Tsig& tsig) {
  message.resize(tsig.start);
  wire::store_u16(&message[0], tsig.original_id);
  wire::store_u16(&message[10], static_cast<std::uint16_t>(wire::load_u16(&message[10]) - 1));
}

bool same(Bytes a, Bytes b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::int64_t off_by(const Tsig& tsig, std::int64_t now) {
  return std::llabs(now - static_cast<std::int64_t>(tsig.time));
}

// What a peer says of our signature.
std::string words_for(std::uint16_t error) {
  switch (error) {
    case kBadSig: return "BADSIG: it has another secret for that name";
    case kBadKey: return "BADKEY: it does not know that key, or knows it with another algorithm";
    case kBadTime: return "BADTIME: its clock and ours differ; check both";
    case kBadTrunc: return "BADTRUNC: it wants a longer MAC";
    default: return "TSIG error " + std::to_string(error);
  }
}

}  // namespace

Result<TsigKey> make_tsig_key(std::string_view name, std::string_view algorithm, std::string_view secret) {
  TsigKey key;
  auto owner = wire::Name::parse(name);
  if (!owner) return owner.error().within("TSIG key name");
  key.name = std::move(*owner);
  const auto known = std::ranges::find(kAlgorithms, algorithm, &AlgorithmName::text);
  if (known == kAlgorithms.end()) {
    return Error{Errc::InvalidInput, "TSIG algorithm \"" + std::string(algorithm) +
                                         "\" is not one of hmac-sha256, hmac-sha384 and hmac-sha512"};
  }
  key.algorithm = known->algorithm;
  const std::size_t padding = secret.size() - std::min(secret.size(), secret.find_last_not_of('=') + 1);
  key.secret.resize(secret.size() / 4 * 3 + 1);
  const int size = ::EVP_DecodeBlock(key.secret.data(), reinterpret_cast<const unsigned char*>(secret.data()),
                                     static_cast<int>(secret.size()));
  if (size < 0 || secret.size() % 4 != 0 || padding > 2 ||
      static_cast<std::size_t>(size) < kLeastSecret + padding) {
    return Error{Errc::InvalidInput,
                 "the secret of TSIG key " + key.name.text() + " is not base64 of at least 16 octets"};
  }
  key.secret.resize(static_cast<std::size_t>(size) - padding);
  return key;
}

std::vector<std::uint8_t> hmac(const TsigKey& key, Bytes octets) {
  Octets mac(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  ::HMAC(digest_of(key.algorithm), key.secret.data(), static_cast<int>(key.secret.size()), octets.data(),
         octets.size(), mac.data(), &size);
  mac.resize(size);
  return mac;
}

void TsigClient::sign(Octets& query, std::int64_t now) {
  Tsig tsig;
  tsig.key = key_.name;
  tsig.algorithm = name_of(key_.algorithm);
  tsig.time = static_cast<std::uint64_t>(now);
  tsig.original_id = wire::load_u16(query.data());
  Octets covered = query;
  wire::ByteWriter writer(covered);
  put_variables(writer, tsig);
  tsig.mac = hmac(key_, covered);
  append_record(query, tsig);
  pending_.clear();
  wire::ByteWriter next(pending_);
  put_sized(next, tsig.mac);
  first_ = true;
  unsigned_ = 0;
}

Result<void> TsigClient::verify(Octets& message, std::int64_t now) {
  const auto refuse = [this](const std::string& why) {
    return Error{Errc::Refused, "TSIG with key " + key_.name.text() + ": " + why};
  };
  auto found = find_record(message);
  if (!found) return found.error();
  if (!*found) {
    if (first_) return refuse("the answer is not signed; give the primary that key for this address");
    if (++unsigned_ > kMaxUnsigned) return refuse("more than 99 messages without a signature");
    pending_.insert(pending_.end(), message.begin(), message.end());
    return {};
  }
  const Tsig& tsig = **found;
  if (tsig.key != key_.name || tsig.algorithm != name_of(key_.algorithm)) {
    return refuse("signed by " + tsig.key.text() + " with " + tsig.algorithm.text());
  }
  if (tsig.mac.empty() && tsig.error != 0) return refuse("the primary says " + words_for(tsig.error));
  take_off(message, tsig);
  pending_.insert(pending_.end(), message.begin(), message.end());
  wire::ByteWriter writer(pending_);
  first_ ? put_variables(writer, tsig) : put_timers(writer, tsig);
  if (!same(hmac(key_, pending_), tsig.mac)) return refuse("the signature is wrong; is the secret the same?");
  if (tsig.error != 0) return refuse("the primary says " + words_for(tsig.error));
  if (const auto off = off_by(tsig, now); off > tsig.fudge) {
    return refuse(fmt::format("signed {} s away from this machine's time; check both clocks", off));
  }
  pending_.clear();
  wire::ByteWriter next(pending_);
  put_sized(next, tsig.mac);
  first_ = false;
  unsigned_ = 0;
  return {};
}

Result<CheckedRequest> check_request(Octets& message, std::span<const TsigKey> keys, std::int64_t now) {
  using Outcome = CheckedRequest::Outcome;
  auto found = find_record(message);
  if (!found) return found.error();
  CheckedRequest checked;
  if (!*found) return checked;
  const Tsig& tsig = **found;
  take_off(message, tsig);
  checked.key_name = tsig.key;
  checked.algorithm = tsig.algorithm;
  checked.mac = tsig.mac;
  checked.time = tsig.time;
  const auto key = std::ranges::find_if(keys, [&](const TsigKey& one) {
    return one.name == tsig.key && name_of(one.algorithm) == tsig.algorithm;
  });
  checked.outcome = Outcome::BadKey;
  if (key == keys.end()) return checked;
  Octets covered = message;
  wire::ByteWriter writer(covered);
  put_variables(writer, tsig);
  checked.outcome = Outcome::BadSignature;
  if (!same(hmac(*key, covered), tsig.mac)) return checked;
  checked.key = &*key;
  checked.outcome = off_by(tsig, now) > tsig.fudge ? Outcome::BadTime : Outcome::Good;
  return checked;
}

void sign_response(Octets& response, const CheckedRequest& request, std::int64_t now) {
  using Outcome = CheckedRequest::Outcome;
  if (request.outcome == Outcome::NotSigned) return;
  Tsig tsig;
  tsig.key = request.key_name;
  tsig.algorithm = request.algorithm;
  tsig.time = static_cast<std::uint64_t>(now);
  tsig.original_id = wire::load_u16(response.data());
  if (request.outcome == Outcome::BadTime) {  // section 5.2.3: the client's time, and ours
    tsig.error = kBadTime;
    tsig.time = request.time;
    wire::ByteWriter ours(tsig.other);
    put_time(ours, static_cast<std::uint64_t>(now));
  }
  if (request.key == nullptr) {
    tsig.error = request.outcome == Outcome::BadKey ? kBadKey : kBadSig;
    return append_record(response, tsig);
  }
  Octets covered;
  wire::ByteWriter writer(covered);
  put_sized(writer, request.mac);
  writer.put(response);
  put_variables(writer, tsig);
  tsig.mac = hmac(*request.key, covered);
  append_record(response, tsig);
}

}  // namespace imrs::transfer
