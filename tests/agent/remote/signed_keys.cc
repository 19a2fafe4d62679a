// See signed_keys.h. Called by the tests of anchors and rotations.
#include "signed_keys.h"

#include <algorithm>
#include <cstdlib>

// Last: it defines `true` and `false` as macros, which the standard headers do not survive.
// clang-format off
#include <ldns/ldns.h>
#undef true
#undef false
// clang-format on

namespace imrs::remote {
namespace {

constexpr std::uint16_t kZoneKeyAndSep = 257;

using Rr = std::unique_ptr<ldns_rr, decltype(&::ldns_rr_free)>;
using List = std::unique_ptr<ldns_rr_list, decltype(&::ldns_rr_list_deep_free)>;

Rr record_of(ldns_key* key) { return {::ldns_key2rr(key), ::ldns_rr_free}; }

std::string text_of(const ldns_rr* rr) {
  const std::unique_ptr<char, decltype(&std::free)> text(::ldns_rr2str(rr), std::free);
  return text.get();
}

zone::Rdata rdata_of(const ldns_rr& rr) {
  zone::Rdata out;
  for (std::size_t i = 0; i < ::ldns_rr_rd_count(&rr); ++i) {
    const auto* data = ::ldns_rdf_data(::ldns_rr_rdf(&rr, i));
    out.insert(out.end(), data, data + ::ldns_rdf_size(::ldns_rr_rdf(&rr, i)));
  }
  return out;
}

}  // namespace

SigningKey::SigningKey()
    : key_(::ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256), ::ldns_key_deep_free) {
  ::ldns_key_set_pubkey_owner(key_.get(), ::ldns_dname_new_frm_str("."));
  ::ldns_key_set_flags(key_.get(), kZoneKeyAndSep);
  ::ldns_key_set_keytag(key_.get(), ::ldns_calc_keytag(record_of(key_.get()).get()));
}

std::uint16_t SigningKey::tag() const { return ::ldns_key_keytag(key_.get()); }

std::string SigningKey::ds() const {
  const Rr key = record_of(key_.get());
  const Rr ds(::ldns_key_rr2ds(key.get(), LDNS_SHA256), ::ldns_rr_free);
  return text_of(ds.get());
}

std::string SigningKey::dnskey() const { return text_of(record_of(key_.get()).get()); }

zone::RRset signed_set(const std::vector<const SigningKey*>& keys,
                       const std::vector<const SigningKey*>& signers, std::int64_t now) {
  zone::RRset out;
  const List set(::ldns_rr_list_new(), ::ldns_rr_list_deep_free);
  for (const SigningKey* one : keys) {
    Rr record = record_of(one->key_.get());
    ::ldns_rr_set_ttl(record.get(), 172800);
    out.rdata.push_back(rdata_of(*record));
    ::ldns_rr_list_push_rr(set.get(), record.release());
  }
  std::ranges::sort(out.rdata);
  out.ttl = out.signature_ttl = 172800;
  ldns_key_list* const list = ::ldns_key_list_new();
  for (const SigningKey* one : signers) {
    ::ldns_key_set_inception(one->key_.get(), static_cast<std::uint32_t>(now - 3600));
    ::ldns_key_set_expiration(one->key_.get(), static_cast<std::uint32_t>(now + 86400));
    ::ldns_key_set_use(one->key_.get(), true);
    ::ldns_key_list_push_key(list, one->key_.get());
  }
  const List signatures(::ldns_sign_public(set.get(), list), ::ldns_rr_list_deep_free);
  for (std::size_t i = 0; i < ::ldns_rr_list_rr_count(signatures.get()); ++i) {
    out.signatures.push_back(rdata_of(*::ldns_rr_list_rr(signatures.get(), i)));
  }
  list->_key_count = 0;  // the keys are not the list's
  ::ldns_key_list_free(list);
  return out;
}

}  // namespace imrs::remote
