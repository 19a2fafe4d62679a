// Public keys and signature checks. Called by the verifier, from several threads. It must never accept
// a signature because something could not be computed: every failure is "does not verify".
#include "dns/zone/dnskey.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>

#include "dns/wire/bytes.h"

namespace imrs::zone {
namespace {

constexpr std::uint16_t kZoneKey = 0x0100, kRevoked = 0x0080;
constexpr std::size_t kKeyOffset = 4;  // flags, protocol, algorithm

using Key = std::shared_ptr<EVP_PKEY>;
using Bytes = std::span<const std::uint8_t>;

Key make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> params(OSSL_PARAM_BLD_to_param(builder),
                                                                       OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return {key, EVP_PKEY_free};
}

using Builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;

// RFC 3110 section 2: exponent length (one octet, or zero and two), exponent, modulus.
Key rsa_key(Bytes bytes) {
  wire::ByteReader reader(bytes);
  std::size_t exponent_size = reader.u8();
  if (exponent_size == 0) exponent_size = reader.u16();
  const auto exponent = reader.take(exponent_size);
  const auto modulus = reader.take(reader.remaining());
  if (!reader.ok() || exponent.empty() || modulus.empty()) return nullptr;
  using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
  const Number n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr), BN_free);
  const Number e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr), BN_free);
  const Builder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return make_key("RSA", builder.get());
}

Key ec_key(const char* group, std::size_t field_size, Bytes point) {
  if (point.size() != 2 * field_size) return nullptr;
  std::vector<std::uint8_t> uncompressed{0x04};
  uncompressed.insert(uncompressed.end(), point.begin(), point.end());
  const Builder builder(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, uncompressed.data(),
                                   uncompressed.size());
  return make_key("EC", builder.get());
}

Key make_public_key(std::uint8_t algorithm, Bytes bytes) {
  switch (algorithm) {
    case 8:
    case 10: return rsa_key(bytes);
    case 13: return ec_key("prime256v1", 32, bytes);
    case 14: return ec_key("secp384r1", 48, bytes);
    case 15:
      return {EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()),
              EVP_PKEY_free};
    default: return nullptr;
  }
}

const EVP_MD* hash_of(std::uint8_t algorithm) {
  switch (algorithm) {
    case 8:
    case 13: return EVP_sha256();
    case 10: return EVP_sha512();
    case 14: return EVP_sha384();
    default: return nullptr;  // Ed25519 hashes by itself
  }
}

// RFC 6605 section 4: r | s of equal size, to the DER form that OpenSSL wants.
std::vector<std::uint8_t> ecdsa_der(Bytes signature) {
  const auto half = signature.size() / 2;
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(signature.data(), static_cast<int>(half), nullptr),
                 BN_bin2bn(signature.data() + half, static_cast<int>(half), nullptr));
  std::vector<std::uint8_t> der(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)));
  unsigned char* out = der.data();
  i2d_ECDSA_SIG(pair.get(), &out);
  return der;
}

std::uint16_t key_tag(const Rdata& rdata) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < rdata.size(); ++i) {
    sum += (i & 1) != 0 ? rdata[i] : static_cast<std::uint32_t>(rdata[i]) << 8;
  }
  return static_cast<std::uint16_t>(sum + (sum >> 16));
}

}  // namespace

Result<DnsKey> DnsKey::from_rdata(const Rdata& rdata) {
  if (rdata.size() <= kKeyOffset) return Error{Errc::InvalidInput, "DNSKEY rdata is too short"};
  DnsKey key;
  key.rdata_ = rdata;
  key.tag_ = key_tag(rdata);
  const std::uint16_t flags = wire::load_u16(rdata.data());
  key.algorithm_ = rdata[3];
  key.usable_ = (flags & kZoneKey) != 0 && (flags & kRevoked) == 0 && rdata[2] == 3;
  key.key_ = make_public_key(key.algorithm_, Bytes(rdata).subspan(kKeyOffset));
  return key;
}

bool DnsKey::verifies(Bytes data, Bytes signature) const {
  if (!key_) return false;
  std::vector<std::uint8_t> der;
  if (algorithm_ == 13 || algorithm_ == 14) {
    if (signature.size() != (algorithm_ == 13 ? 64U : 96U)) return false;
    der = ecdsa_der(signature);
    signature = der;
  }
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, hash_of(algorithm_), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(), data.size()) == 1;
}

bool ds_matches(const Rdata& ds, const wire::Name& owner, const DnsKey& key) {
  constexpr std::size_t kDigestOffset = 4;  // key tag, algorithm, digest type
  if (ds.size() <= kDigestOffset || wire::load_u16(ds.data()) != key.tag() || ds[2] != key.algorithm()) {
    return false;
  }
  const EVP_MD* hash = ds[3] == 2 ? EVP_sha256() : ds[3] == 4 ? EVP_sha384() : nullptr;
  if (hash == nullptr) return false;
  const wire::Name lower = owner.lower();
  std::vector<std::uint8_t> input(lower.wire().begin(), lower.wire().end());
  input.insert(input.end(), key.rdata().begin(), key.rdata().end());
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(input.data(), input.size(), digest.data(), &size, hash, nullptr) != 1) return false;
  return std::ranges::equal(Bytes(ds).subspan(kDigestOffset), Bytes(digest.data(), size));
}

}  // namespace imrs::zone
