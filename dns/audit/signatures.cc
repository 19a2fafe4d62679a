// The audit's own look at every RRSIG (RFC 4034 section 3, RFC 4035 section 5.3), with ldns doing the
// cryptography. Called once per zone version; the answers' signatures are these records, octet for octet.
#include "dns/audit/signatures.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

// What one thread has done.
struct Part {
  Result<void> outcome;
  SignatureReport report;
  std::set<VerifiedSignatures::Id> ids;
};

class Checker {
 public:
  Checker(const Reference& zone, const Records& anchors, std::int64_t now, const VerifiedSignatures& verified)
      : zone_(zone), anchors_(anchors), now_(now), verified_(verified) {}

  // Into `ids` what is verified now.
  Result<SignatureReport> run(std::size_t threads, std::set<VerifiedSignatures::Id>& ids) {
    const Set* dnskey = zone_.set_at(*zone_.find(zone_.origin()), DNSKEY);
    if (dnskey == nullptr) return Error{Errc::Refused, "zone " + zone_.origin().text() + ": has no DNSKEY"};
    keys_ = list_of(*dnskey);
    const BorrowedList trusted = trusted_keys();
    if (ldns_rr_list_rr_count(trusted.get()) == 0) {
      return Error{Errc::Refused, "zone " + zone_.origin().text() + ": no DNSKEY matches a trust anchor"};
    }
    std::vector<Part> parts(threads);
    if (auto ok = check(*dnskey, trusted.get(), parts[0]); !ok) return ok.error();
    {
      std::vector<std::jthread> others;
      for (std::size_t part = 1; part < threads; ++part) {
        others.emplace_back([&, part] { parts[part].outcome = check_all(*dnskey, part, parts); });
      }
      parts[0].outcome = check_all(*dnskey, 0, parts);
    }
    SignatureReport report;
    for (Part& part : parts) {
      if (!part.outcome) return part.outcome.error();
      report.verified += part.report.verified;
      add_end(report, part.report.first_end);
      ids.merge(part.ids);
    }
    return report;
  }

 private:
  // Every set whose turn it is, but for the DNSKEY set.
  Result<void> check_all(const Set& dnskey, std::size_t part, std::vector<Part>& parts) const {
    for (std::size_t i = part; i < zone_.set_count(); i += parts.size()) {
      const Set& set = zone_.set(static_cast<Index>(i));
      if (set.records.empty()) return wrong(zone_, set, "an RRSIG without what it covers");
      if (&set == &dnskey || !authoritative(set)) continue;
      if (auto ok = check(set, keys_.get(), parts[part]); !ok) return ok;
    }
    return {};
  }

  static void add_end(SignatureReport& report, std::int64_t end) {
    if (end == 0) return;
    report.first_end = report.first_end == 0 ? end : std::min(report.first_end, end);
  }

  // Everything that decides whether a signature verifies.
  [[nodiscard]] VerifiedSignatures::Id id_of(const Set& set, const Record& rrsig,
                                             const ldns_rr_list* keys) const {
    std::string all;
    const auto add = [&all](const std::string& piece) {
      all += std::to_string(piece.size()) + ":";
      all += piece;
    };
    for (std::size_t k = 0; k < ldns_rr_list_rr_count(keys); ++k) {
      std::string key;
      append_key(ldns_rr_list_rr(keys, k), key);
      add(key);
    }
    add(rrsig.key);
    for (const Index record : set.records) add(zone_.record(record).key);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    EVP_Digest(all.data(), all.size(), digest.data(), nullptr, EVP_blake2b512(), nullptr);
    VerifiedSignatures::Id id;
    std::ranges::copy_n(digest.begin(), id.size(), id.begin());
    return id;
  }

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

  Result<void> verify(const Set& set, const Record& rrsig, const ldns_rr_list* keys, Part& part) const {
    const auto id = id_of(set, rrsig, keys);
    if (!verified_.hold(id)) {
      const BorrowedList records = list_of(set);
      const ldns_status status = ldns_verify_rrsig_keylist_notime(records.get(), rrsig.rr, keys, nullptr);
      if (status != LDNS_STATUS_OK) {
        return wrong(zone_, set, std::string("RRSIG does not verify: ") + ldns_get_errorstr_by_id(status));
      }
    }
    part.ids.insert(id);
    ++part.report.verified;
    return {};
  }

  Result<void> check(const Set& set, const ldns_rr_list* keys, Part& part) const {
    std::optional<std::int64_t> end, ended;
    std::string reason = "no RRSIG by a key of the zone";
    for (const Index index : set.signatures) {
      const ldns_rr* rrsig = zone_.record(index).rr;
      if (!by_one_of(keys, rrsig)) continue;
      if (auto ok = verify(set, zone_.record(index), keys, part); !ok) return ok;
      const std::int64_t from = time_of(ldns_rr_rrsig_inception(rrsig));
      const std::int64_t until = time_of(ldns_rr_rrsig_expiration(rrsig));
      if (now_ < from) reason = "RRSIG not valid before " + wire::utc_text(from);
      if (now_ > until) reason = "RRSIG ended " + wire::utc_text(until);
      const bool ttl_fits = set.ttl <= ldns_rdf2native_int32(ldns_rr_rrsig_origttl(rrsig));
      if (now_ > until && ttl_fits) ended = std::max(ended.value_or(until), until);
      if (now_ < from || now_ > until) continue;
      if (!ttl_fits) return wrong(zone_, set, "TTL is longer than the signed one");
      end = std::max(end.value_or(until), until);
    }
    if (!end && !zone_.origin().is_root()) end = ended;
    if (!end) return wrong(zone_, set, reason);
    add_end(part.report, *end);
    return {};
  }

  const Reference& zone_;
  const Records& anchors_;
  std::int64_t now_;
  const VerifiedSignatures& verified_;
  BorrowedList keys_;
};

}  // namespace

Result<SignatureReport> check_signatures(const Reference& zone, const Records& anchors, std::int64_t now,
                                         VerifiedSignatures& verified, std::size_t threads) {
  std::set<VerifiedSignatures::Id> ids;
  auto report = Checker(zone, anchors, now, verified).run(threads, ids);
  if (report) verified.replace(std::move(ids));
  return report;
}

void prepare_signatures() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest("", 0, digest.data(), nullptr, EVP_blake2b512(), nullptr);
}

}  // namespace imrs::audit
