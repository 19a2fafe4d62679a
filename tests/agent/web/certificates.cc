#include "certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdlib>

namespace imrs::web {
namespace {

constexpr std::int64_t kNotBefore = 1'577'836'800;  // 2020-01-01

void must(bool done) {
  if (!done) std::abort();
}

std::shared_ptr<EVP_PKEY> make_key(bool rsa) {
  EVP_PKEY* const key = rsa ? ::EVP_RSA_gen(2048) : ::EVP_EC_gen("P-256");
  must(key != nullptr);
  return {key, ::EVP_PKEY_free};
}

void extend(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* const extension = ::X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  must(extension != nullptr && ::X509_add_ext(certificate, extension, -1) == 1);
  ::X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> begin_certificate(const std::string& name, EVP_PKEY* key, std::int64_t not_after) {
  static long serial = 1;
  const std::shared_ptr<X509> out(::X509_new(), ::X509_free);
  must(out != nullptr && ::X509_set_version(out.get(), 2) == 1);
  must(::ASN1_INTEGER_set(::X509_get_serialNumber(out.get()), serial++) == 1);
  must(::ASN1_TIME_set(::X509_getm_notBefore(out.get()), kNotBefore) != nullptr);
  must(::ASN1_TIME_set(::X509_getm_notAfter(out.get()), not_after) != nullptr);
  must(::X509_NAME_add_entry_by_txt(::X509_get_subject_name(out.get()), "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) == 1);
  must(::X509_set_pubkey(out.get(), key) == 1);
  return out;
}

template <typename Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> bio(::BIO_new(::BIO_s_mem()), ::BIO_free);
  must(bio != nullptr && write(bio.get()) == 1);
  char* text = nullptr;
  const long size = ::BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

std::string Identity::certificate_pem() const {
  return pem_of([&](BIO* bio) { return ::PEM_write_bio_X509(bio, certificate.get()); });
}

std::string Identity::key_pem() const {
  return pem_of([&](BIO* bio) {
    return ::PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Identity make_ca(const std::string& name, std::int64_t not_after) {
  Identity ca;
  ca.key = make_key(false);
  ca.certificate = begin_certificate(name, ca.key.get(), not_after);
  must(::X509_set_issuer_name(ca.certificate.get(), ::X509_get_subject_name(ca.certificate.get())) == 1);
  extend(ca.certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(ca.certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  must(::X509_sign(ca.certificate.get(), ca.key.get(), ::EVP_sha256()) > 0);
  return ca;
}

Identity make_identity(const Identity& ca, const Wish& wish) {
  Identity out;
  out.key = make_key(wish.rsa);
  out.certificate = begin_certificate(wish.name, out.key.get(), wish.not_after);
  must(::X509_set_issuer_name(out.certificate.get(), ::X509_get_subject_name(ca.certificate.get())) == 1);
  extend(out.certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(out.certificate.get(), NID_ext_key_usage, wish.usage);
  must(::X509_sign(out.certificate.get(), ca.key.get(), ::EVP_sha256()) > 0);
  return out;
}

}  // namespace imrs::web
