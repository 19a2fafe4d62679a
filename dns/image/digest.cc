// BLAKE2b by OpenSSL. Called when an image is made and whenever one is received.
#include "dns/image/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "dns/image/layout.h"

namespace imrs::image {

void prepare_digests() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  (void)digest_of(std::vector<std::uint8_t>(sizeof(FileHeader)));
}

Digest digest_of(std::span<const std::uint8_t> image) {
  constexpr std::size_t kField = offsetof(FileHeader, digest);
  constexpr Digest kZero{};
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<std::uint8_t, 64> whole{};
  const auto rest = image.subspan(kField + kZero.size());
  EVP_DigestInit_ex(context.get(), EVP_blake2b512(), nullptr);
  EVP_DigestUpdate(context.get(), image.data(), kField);
  EVP_DigestUpdate(context.get(), kZero.data(), kZero.size());
  EVP_DigestUpdate(context.get(), rest.data(), rest.size());
  EVP_DigestFinal_ex(context.get(), whole.data(), nullptr);
  Digest digest{};
  std::ranges::copy_n(whole.begin(), digest.size(), digest.begin());
  return digest;
}

}  // namespace imrs::image
