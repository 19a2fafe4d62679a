// Certificates and keys before they are put in place.
#include "agent/remote/certificate.h"

#include <gmock/gmock.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "tests/agent/web/certificates.h"

namespace imrs::remote {
namespace {

using testing::HasSubstr;
using testing::Not;
using web::make_ca;
using web::make_identity;

constexpr std::int64_t kNow = 1'795'780'800;
constexpr std::int64_t kLater = kNow + 90 * 86400;

const web::Identity& ca() {
  static const web::Identity made = make_ca("Test CA", kLater + 1000);
  return made;
}
const web::Identity& server() {
  static const web::Identity made = make_identity(
      ca(), {.name = "ops", .usage = "serverAuth", .not_after = kLater});
  return made;
}

std::string with_passphrase(EVP_PKEY* key) {
  BIO* const bio = ::BIO_new(::BIO_s_mem());
  ::PEM_write_bio_PKCS8PrivateKey(bio, key, ::EVP_aes_128_cbc(), "hunter2", 7, nullptr, nullptr);
  char* text = nullptr;
  const long size = ::BIO_get_mem_data(bio, &text);
  std::string out(text, static_cast<std::size_t>(size));
  ::BIO_free(bio);
  return out;
}

TEST(ServerIdentity, IsReadInAnyOrder) {
  const std::string certificate = server().certificate_pem(), key = server().key_pem();
  const std::string cases[] = {certificate + key, key + certificate,
                               certificate + key + ca().certificate_pem(),
                               "a note\n" + certificate + "\n" + key + "another\n"};
  for (const std::string& pem : cases) {
    const auto identity = read_server_identity(pem, kNow);
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->subject, "CN=ops");
    EXPECT_EQ(identity->not_after, kLater);
    EXPECT_THAT(identity->certificate, testing::StartsWith(certificate));
    EXPECT_THAT(identity->certificate, Not(HasSubstr("PRIVATE")));
    EXPECT_THAT(identity->key, testing::StartsWith("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_THAT(identity->key, Not(HasSubstr("CERTIFICATE")));
    EXPECT_TRUE(read_server_identity(identity->certificate + identity->key, kNow))
        << "what comes out goes in";
  }
}

TEST(ServerIdentity, WhatCannotBeRightIsRefused) {
  const web::Identity other = make_identity(ca(), {.name = "other", .not_after = kLater});
  const web::Identity ended = make_identity(ca(), {.name = "ended", .not_after = kNow - 1});
  const web::Identity stranger = make_ca("Test CA", kLater);  // the same name, another key
  const std::string good = server().certificate_pem(), key = server().key_pem();
  std::string cut = good;
  cut[good.size() / 2] = cut[good.size() / 2] == 'A' ? 'B' : 'A';
  const std::pair<const char*, std::string> cases[] = {
      {"there is no certificate", ""},
      {"there is no certificate", "hello"},
      {"there is no certificate", key},
      {"one private key", good},
      {"one private key", good + key + other.key_pem()},
      {"does not belong to the first certificate, CN=ops", good + other.key_pem()},
      {"does not belong to the first certificate, CN=Test CA", ca().certificate_pem() + good + key},
      {"CN=ended: has ended", ended.certificate_pem() + ended.key_pem()},
      {"is not signed by the certificate that follows", good + other.certificate_pem() + key},
      {"is not signed by the certificate that follows", good + stranger.certificate_pem() + key},
      {"has a passphrase", good + with_passphrase(server().key.get())},
      {"it is damaged", good + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
      {"damaged", good + good.substr(0, good.size() / 2) + "\n" + key},
  };
  for (const auto& [want, pem] : cases) {
    const auto identity = read_server_identity(pem, kNow);
    ASSERT_FALSE(identity) << want;
    EXPECT_THAT(identity.error().message, HasSubstr(want));
    EXPECT_EQ(identity.error().code, Errc::InvalidInput);
  }
  EXPECT_FALSE(read_server_identity(cut + key, kNow)) << "an octet of it is another one";
  EXPECT_THAT(read_server_identity(good + key, 1'000'000'000).error().message, HasSubstr("is not valid yet"));
}

TEST(ServerIdentity, WhatBelongsTogether) {
  const web::Identity other = make_identity(ca(), {.name = "other", .not_after = kLater});
  const std::string certificate = server().certificate_pem(), key = server().key_pem();
  EXPECT_TRUE(belong_together(certificate, key));
  EXPECT_TRUE(belong_together(certificate + ca().certificate_pem(), key));
  EXPECT_TRUE(belong_together(certificate + key, certificate + key)) << "one file";
  EXPECT_FALSE(belong_together(certificate, other.key_pem()));
  EXPECT_FALSE(belong_together(ca().certificate_pem() + certificate, key)) << "the first counts";
  EXPECT_FALSE(belong_together(certificate, with_passphrase(server().key.get())));
  EXPECT_FALSE(belong_together(certificate, ""));
  EXPECT_FALSE(belong_together("", key));
  EXPECT_FALSE(belong_together(key, certificate));
}

TEST(ClientAuthorities, AreCertificatesOfCas) {
  const web::Identity second = make_ca("Second CA", kLater);
  const auto both = read_client_authorities(ca().certificate_pem() + second.certificate_pem(), kNow);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both->count, 2U);
  EXPECT_EQ(both->not_after, kLater);
  const std::pair<const char*, std::string> cases[] = {
      {"there is no certificate", ""},
      {"CN=ops: is no CA's certificate", server().certificate_pem()},
      {"a CA's key must never", ca().certificate_pem() + ca().key_pem()},
      {"has ended", make_ca("Old CA", kNow - 1).certificate_pem()},
  };
  for (const auto& [want, pem] : cases) {
    const auto read = read_client_authorities(pem, kNow);
    ASSERT_FALSE(read) << want;
    EXPECT_THAT(read.error().message, HasSubstr(want));
  }
}

}  // namespace
}  // namespace imrs::remote
