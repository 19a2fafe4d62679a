// The audit's own look at every RRSIG (RFC 4034 section 3, RFC 4035 section 5.3), with ldns doing the
// cryptography. Called once per zone version; the answers' signatures are these records, octet for octet.
#include "dns/audit/signatures.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>

#include "dns/audit/ldns.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"

namespace imrs::audit {
namespace {

using namespace wire::rrtype;

Error wrong(const Reference& zone, const Set& set, const std::string& what) {
  return Error{Errc::Refused,
               zone.entry(set.owner).name.text() + " " + wire::type_text(set.type) + ": " + what};
}

class Checker {
 public:
  Checker(const Reference& zone, const Records& anchors, std::int64_t now)
      : zone_(zone), anchors_(anchors), now_(now) {}

  Result<SignatureReport> run() {
    const Set* dnskey = zone_.set_at(*zone_.find(zone_.origin()), DNSKEY);
    if (dnskey == nullptr) return Error{Errc::Refused, "zone " + zone_.origin().text() + ": has no DNSKEY"};
    keys_ = list_of(*dnskey);
    const BorrowedList trusted = trusted_keys();
    if (ldns_rr_list_rr_count(trusted.get()) == 0) {
      return Error{Errc::Refused, "zone " + zone_.origin().text() + ": no DNSKEY matches a trust anchor"};
    }
    if (auto ok = check(*dnskey, trusted.get()); !ok) return ok.error();
    for (Index i = 0; i < zone_.set_count(); ++i) {
      const Set& set = zone_.set(i);
      if (set.records.empty()) return wrong(zone_, set, "an RRSIG without what it covers");
      if (&set == dnskey || !authoritative(set)) continue;
      if (auto ok = check(set, keys_.get()); !ok) return ok.error();
    }
    return report_;
  }

 private:
  [[nodiscard]] BorrowedList list_of(const Set& set) const {
    BorrowedList list(ldns_rr_list_new());
    // ldns takes records that it does not change as `ldns_rr*`.
    for (const Index record : set.records) {
      ldns_rr_list_push_rr(list.get(), const_cast<ldns_rr*>(zone_.record(record).rr));  // NOLINT
    }
    return list;
  }

  [[nodiscard]] bool authoritative(const Set& set) const {
    const Kind kind = zone_.entry(set.owner).kind;
    return kind == Kind::Authoritative || (kind == Kind::Delegation && (set.type == DS || set.type == NSEC));
  }

  [[nodiscard]] BorrowedList trusted_keys() const {
    BorrowedList trusted(ldns_rr_list_new());
    for (std::size_t k = 0; k < ldns_rr_list_rr_count(keys_.get()); ++k) {
      ldns_rr* key = ldns_rr_list_rr(keys_.get(), k);
      for (std::size_t a = 0; a < count_of(anchors_); ++a) {
        ldns_rr* anchor = ldns_rr_list_rr(anchors_.get(), a);
        if (ldns_dname_compare(ldns_rr_owner(anchor), ldns_rr_owner(key)) != 0) continue;
        const bool same = ldns_rr_get_type(anchor) == LDNS_RR_TYPE_DS ? ldns_rr_compare_ds(anchor, key) != 0
                                                                      : same_key(anchor, key);
        if (!same) continue;
        ldns_rr_list_push_rr(trusted.get(), key);
        break;
      }
    }
    return trusted;
  }

  static bool same_key(const ldns_rr* a, const ldns_rr* b) {
    std::string one, other;
    append_key(a, one);
    append_key(b, other);
    return one == other;
  }

  [[nodiscard]] bool by_one_of(const ldns_rr_list* keys, const ldns_rr* rrsig) const {
    const std::uint16_t tag = ldns_rdf2native_int16(ldns_rr_rrsig_keytag(rrsig));
    const std::uint8_t algorithm = ldns_rdf2native_int8(ldns_rr_rrsig_algorithm(rrsig));
    for (std::size_t k = 0; k < ldns_rr_list_rr_count(keys); ++k) {
      const ldns_rr* key = ldns_rr_list_rr(keys, k);
      if (ldns_calc_keytag(key) == tag && ldns_rdf2native_int8(ldns_rr_dnskey_algorithm(key)) == algorithm) {
        return true;
      }
    }
    return false;
  }

  // Times of signatures are serial numbers (RFC 4034 section 3.1.5), near to now.
  [[nodiscard]] std::int64_t time_of(const ldns_rdf* field) const {
    const auto distance = static_cast<std::int32_t>(ldns_rdf2native_int32(field) -
                                                    static_cast<std::uint32_t>(now_));
    return now_ + distance;
  }

  Result<void> check(const Set& set, const ldns_rr_list* keys) {
    const BorrowedList records = list_of(set);
    std::optional<std::int64_t> end;
    std::string reason = "no RRSIG by a key of the zone";
    for (const Index index : set.signatures) {
      const ldns_rr* rrsig = zone_.record(index).rr;
      if (!by_one_of(keys, rrsig)) continue;
      const ldns_status status = ldns_verify_rrsig_keylist_notime(records.get(), rrsig, keys, nullptr);
      if (status != LDNS_STATUS_OK) {
        return wrong(zone_, set, std::string("RRSIG does not verify: ") + ldns_get_errorstr_by_id(status));
      }
      ++report_.verified;
      const std::int64_t from = time_of(ldns_rr_rrsig_inception(rrsig));
      const std::int64_t until = time_of(ldns_rr_rrsig_expiration(rrsig));
      if (now_ < from) reason = "RRSIG not valid before " + wire::utc_text(from);
      if (now_ > until) reason = "RRSIG ended " + wire::utc_text(until);
      if (now_ < from || now_ > until) continue;
      if (set.ttl > ldns_rdf2native_int32(ldns_rr_rrsig_origttl(rrsig))) {
        return wrong(zone_, set, "TTL is longer than the signed one");
      }
      end = std::max(end.value_or(until), until);
    }
    if (!end) return wrong(zone_, set, reason);
    report_.first_end = report_.first_end == 0 ? *end : std::min(report_.first_end, *end);
    return {};
  }

  const Reference& zone_;
  const Records& anchors_;
  std::int64_t now_;
  BorrowedList keys_;
  SignatureReport report_;
};

}  // namespace

Result<SignatureReport> check_signatures(const Reference& zone, const Records& anchors, std::int64_t now) {
  return Checker(zone, anchors, now).run();
}

void prepare_signatures() { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr); }

}  // namespace imrs::audit
