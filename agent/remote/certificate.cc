// Looks at certificates, by OpenSSL. Called by `imrsctl rotate` and `rollback`. It must never
// ask a terminal for a passphrase.
#include "agent/remote/certificate.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <vector>

namespace imrs::remote {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using Bio = std::unique_ptr<BIO, Freer<::BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<::X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<::EVP_PKEY_free>>;
using Certificates = std::vector<Certificate>;

constexpr std::size_t kMostCertificates = 16;
constexpr std::string_view kKeyMark = "PRIVATE KEY-----";

Error wrong(const std::string& what) { return Error{Errc::InvalidInput, what}; }

Bio reader_of(std::string_view pem) {
  return Bio(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = ::BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : "";
}

std::string subject_of(const X509& certificate) {
  const Bio bio(::BIO_new(::BIO_s_mem()));
  ::X509_NAME_print_ex(bio.get(), ::X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253);
  return text_of(bio.get());
}

std::int64_t time_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ::ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

// All of them; whatever else is in the text is passed over.
Result<Certificates> certificates_of(std::string_view pem) {
  Certificates out;
  const Bio bio = reader_of(pem);
  while (bio) {
    Certificate one(::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    out.push_back(std::move(one));
    if (out.size() > kMostCertificates)
      return wrong(fmt::format("more than {} certificates", kMostCertificates));
  }
  const bool at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ::ERR_clear_error();
  if (!at_end) return wrong(fmt::format("certificate {} is damaged; is the PEM text whole?", out.size() + 1));
  if (out.empty()) return wrong("there is no certificate (\"-----BEGIN CERTIFICATE-----\")");
  return out;
}

Result<void> check_dates(const X509& certificate, std::int64_t now) {
  const std::string subject = subject_of(certificate);
  if (time_of(::X509_get0_notBefore(&certificate)) > now) {
    return wrong(subject + ": is not valid yet; is this machine's clock right?");
  }
  if (time_of(::X509_get0_notAfter(&certificate)) <= now) return wrong(subject + ": has ended");
  return {};
}

std::int64_t first_end(const Certificates& all) {
  std::int64_t first = 0;
  for (const Certificate& one : all) {
    const std::int64_t end = time_of(::X509_get0_notAfter(one.get()));
    first = first == 0 ? end : std::min(first, end);
  }
  return first;
}

Result<std::string> pem_of(const Certificates& all) {
  const Bio bio(::BIO_new(::BIO_s_mem()));
  for (const Certificate& one : all) {
    if (::PEM_write_bio_X509(bio.get(), one.get()) != 1) return wrong("a certificate cannot be written");
  }
  return text_of(bio.get());
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Says that there is no passphrase: a terminal would be asked otherwise.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<Key> key_of(std::string_view pem) {
  if (count_of(pem, kKeyMark) != 2) {  // its beginning and its end
    return wrong("there must be one private key (\"-----BEGIN PRIVATE KEY-----\") besides the certificates");
  }
  const Bio bio = reader_of(pem);
  Key key(bio ? ::PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ::ERR_clear_error();
  if (key) return key;
  return wrong(
      "the private key cannot be read: it is damaged, or has a passphrase; take that off first "
      "(openssl pkey -in FILE)");
}

Result<std::string> pem_of(const Key& key) {
  const Bio bio(::BIO_new(::BIO_s_secmem()));
  if (::PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return wrong("the private key cannot be written");
  }
  return text_of(bio.get());
}

bool is_key_of(const X509& certificate, const Key& key) {
  const bool is = ::X509_check_private_key(&certificate, key.get()) == 1;
  ::ERR_clear_error();
  return is;
}

Result<void> check_chain(const Certificates& chain, std::int64_t now) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (auto good = check_dates(*chain[i], now); !good) return good;
    if (i + 1 == chain.size()) break;
    const Key issuer(::X509_get_pubkey(chain[i + 1].get()));
    const bool issued = ::X509_check_issued(chain[i + 1].get(), chain[i].get()) == X509_V_OK &&
                        ::X509_verify(chain[i].get(), issuer.get()) == 1;
    ::ERR_clear_error();
    if (!issued) {
      return wrong(
          fmt::format("{}: is not signed by the certificate that follows it; the server's comes first, "
                      "then the one that has signed it, and so on",
                      subject_of(*chain[i])));
    }
  }
  return {};
}

}  // namespace

Result<ServerIdentity> read_server_identity(std::string_view pem, std::int64_t now) {
  const auto chain = certificates_of(pem);
  if (!chain) return chain.error();
  const auto key = key_of(pem);
  if (!key) return key.error();
  const X509* const server = chain->front().get();
  if (!is_key_of(*server, *key)) {
    return wrong("the private key does not belong to the first certificate, " + subject_of(*server));
  }
  if (auto good = check_chain(*chain, now); !good) return good.error();
  auto certificate = pem_of(*chain), key_text = pem_of(*key);
  if (!certificate) return certificate.error();
  if (!key_text) return key_text.error();
  return ServerIdentity{std::move(*certificate), std::move(*key_text), subject_of(*server),
                        first_end(*chain)};
}

bool belong_together(std::string_view certificate, std::string_view key) {
  const auto chain = certificates_of(certificate);
  const auto one = key_of(key);
  return chain && one && is_key_of(*chain->front(), *one);
}

Result<ClientAuthorities> read_client_authorities(std::string_view pem, std::int64_t now) {
  if (pem.find(kKeyMark) != std::string_view::npos) {
    return wrong("there is a private key: a CA's key must never come to this machine");
  }
  const auto all = certificates_of(pem);
  if (!all) return all.error();
  for (const Certificate& one : *all) {
    if (auto good = check_dates(*one, now); !good) return good.error();
    if (::X509_check_ca(one.get()) != 1) return wrong(subject_of(*one) + ": is no CA's certificate");
  }
  auto text = pem_of(*all);
  if (!text) return text.error();
  return ClientAuthorities{std::move(*text), all->size(), first_end(*all)};
}

}  // namespace imrs::remote
