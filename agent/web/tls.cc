// Certificates and keys. Called by the server at its start, before the sandbox, and every few seconds later.
// It must never serve without asking for a client's certificate.
#include "agent/web/tls.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "agent/base/whole_file.h"

namespace imrs::web {
namespace {

namespace ssl = boost::asio::ssl;

Error wrong(const char* key, const std::string& file, const boost::system::error_code& error) {
  return Error{Errc::InvalidInput, std::string("web.tls.") + key + " " + file + ": " + error.message()};
}

std::int64_t not_after(const X509* certificate) {
  std::tm parts{};
  if (certificate == nullptr || ::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &parts) != 1) return 0;
  return ::timegm(&parts);
}

// The first that ends.
std::int64_t not_after_of_file(const std::string& file) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> bio(::BIO_new_file(file.c_str(), "r"), ::BIO_free);
  std::int64_t first = 0;
  while (bio) {
    const std::unique_ptr<X509, decltype(&::X509_free)> one(
        ::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), ::X509_free);
    if (!one) break;
    const std::int64_t end = not_after(one.get());
    first = first == 0 ? end : std::min(first, end);
  }
  return first;
}

Result<std::shared_ptr<ssl::context>> make_context(const TlsConfig& config) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_3_VERSION);
  ::SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(context->native_handle(), 0);
  context->use_certificate_chain_file(config.certificate, error);
  if (error) return wrong("certificate", config.certificate, error);
  context->use_private_key_file(config.key, ssl::context::pem, error);
  if (error) return wrong("key", config.key, error);
  if (::SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return Error{Errc::InvalidInput, "web.tls.key " + config.key + ": does not belong to the certificate"};
  }
  context->load_verify_file(config.client_ca, error);
  if (error) return wrong("client_ca", config.client_ca, error);
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  if (error) return wrong("client_ca", config.client_ca, error);
  ::SSL_CTX_set_client_CA_list(context->native_handle(), ::SSL_load_client_CA_file(config.client_ca.c_str()));
  return context;
}

// Of the pair that is whole, of a rotation that was cut off. Null: there is none.
std::shared_ptr<ssl::context> make_context_with_previous(const TlsConfig& config) {
  TlsConfig old_certificate = config, old_key = config;
  old_certificate.certificate = previous_of(config.certificate);
  old_key.key = previous_of(config.key);
  for (const TlsConfig& one : {old_certificate, old_key}) {
    if (auto context = make_context(one)) return *context;
  }
  return nullptr;
}

}  // namespace

Tls::Stamp Tls::stamp_of(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {status.st_ctim.tv_sec, status.st_ctim.tv_nsec, status.st_ino};
}

Tls::Stamps Tls::stamps_of(const TlsConfig& config) {
  return {stamp_of(config.certificate), stamp_of(config.key), stamp_of(config.client_ca)};
}

Result<void> Tls::load() {
  auto context = make_context(config_);
  const auto instead = context || context_ ? nullptr : make_context_with_previous(config_);
  if (!context && !instead) return context.error();
  context_ = instead ? instead : *context;
  uses_previous_ = instead != nullptr;
  server_not_after_ = not_after(::SSL_CTX_get0_certificate(context_->native_handle()));
  client_ca_not_after_ = not_after_of_file(config_.client_ca);
  return {};
}

Result<bool> Tls::look() {
  const Stamps now = stamps_of(config_);
  const bool changed = now != stamps_;
  // What failed may be mended without a change of the files: a folder's mode, descriptors that had run out.
  if (!changed && failed_.empty()) return false;
  stamps_ = now;
  const auto loaded = load();
  if (loaded) {
    failed_.clear();
    return true;
  }
  const bool told = !changed && loaded.error().message == failed_;
  failed_ = loaded.error().message;
  if (told) return false;
  return loaded.error();
}

}  // namespace imrs::web
