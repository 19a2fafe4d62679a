// The rules of RFC 1034 section 4.3.2, 2308, 4035 section 3.1, 8482 and 9471, written down a second time and
// for one question only. Called for every question of the audit; it must not look into an image.
#include "dns/audit/expectation.h"

#include <algorithm>

#include "dns/audit/ldns.h"
#include "dns/wire/protocol.h"

namespace imrs::audit {
namespace {

using namespace wire::rrtype;

constexpr std::uint32_t kNoLimit = 0xFFFFFFFF;

class Expecting {
 public:
  Expecting(const Reference& zone, const wire::Name& name, std::uint16_t type, bool dnssec_ok)
      : zone_(zone), name_(name), type_(type), dnssec_ok_(dnssec_ok) {
    out_.signatures = dnssec_ok;
  }

  Expectation run() {
    const Reference::Place place = zone_.locate(name_);
    if (place.cut != nullptr && !(place.cut->name == name_ && type_ == DS)) {
      referral(*place.cut);
    } else if (place.cut != nullptr) {
      out_.flags = wire::flag::AA;
      at_name(*place.cut);
    } else if (place.entry != nullptr) {
      out_.flags = wire::flag::AA;
      at_name(*place.entry);
    } else {
      name_error(*place.encloser);
    }
    return std::move(out_);
  }

 private:
  void add(std::vector<Item>& section, const Set& set, std::uint32_t limit = kNoLimit) const {
    for (const Index record : set.records) section.push_back({record, std::min(set.ttl, limit)});
    if (dnssec_ok_) add_signatures(section, set, limit);
  }

  void add_signatures(std::vector<Item>& section, const Set& set, std::uint32_t limit = kNoLimit) const {
    for (const Index record : set.signatures) {
      section.push_back({record, std::min(zone_.record(record).ttl, limit)});
    }
  }

  void referral(const Entry& cut) {
    out_.same_for_all_types = true;
    const Set& ns = *zone_.set_at(cut, NS);
    for (const Index record : ns.records) out_.authority.push_back({record, ns.ttl});
    if (const Set* ds = zone_.set_at(cut, DS); ds != nullptr && dnssec_ok_) {
      add(out_.authority, *ds);
    } else if (dnssec_ok_ && zone_.has_nsec()) {
      out_.denied.push_back({Statement::What::NoSuchType, cut.name, DS});
    }
    add_addresses(ns, &cut.name);
  }

  // Name servers at or below `cut` cannot be reached without these addresses; others are a courtesy.
  void add_addresses(const Set& ns, const wire::Name* cut) {
    for (const Index record : ns.records) {
      const auto host = wire::Name::from_wire(octets_of(ldns_rr_rdf(zone_.record(record).rr, 0)));
      const Entry* entry = host ? zone_.find(*host) : nullptr;
      if (entry == nullptr) continue;
      const bool needed = cut != nullptr && host->is_within(*cut);
      for (const std::uint16_t type : {A, AAAA}) {
        if (const Set* set = zone_.set_at(*entry, type)) add(needed ? out_.glue : out_.courtesy, *set);
      }
    }
  }

  void at_name(const Entry& entry) {
    if (type_ == ANY && !entry.sets.empty()) {
      out_.one_of = entry.sets;
      return;
    }
    if (type_ == RRSIG && zone_.set_at(entry, NSEC) != nullptr) {
      for (const Index index : entry.sets) add_signatures(out_.answer, zone_.set(index));
      return;
    }
    const Set* set = zone_.set_at(entry, type_);
    if (set == nullptr) return no_data(entry);
    for (const Index record : set->records) out_.answer.push_back({record, set->ttl});
    if (dnssec_ok_) add_signatures(out_.answer, *set);
    if (type_ == NS) add_addresses(*set, nullptr);
  }

  void no_data(const Entry& entry) {
    negative_soa();
    const bool empty = entry.kind == Kind::EmptyNonTerminal;
    out_.same_for_all_types = empty;
    if (!dnssec_ok_ || !zone_.has_nsec()) return;
    using What = Statement::What;
    out_.denied.push_back({empty ? What::EmptyNonTerminal : What::NoSuchType, entry.name, type_});
  }

  void name_error(const Entry& encloser) {
    out_.same_for_all_types = true;
    out_.flags = wire::flag::AA | wire::rcode::NXDomain;
    negative_soa();
    if (!dnssec_ok_ || !zone_.has_nsec()) return;
    out_.denied.push_back({Statement::What::NoSuchName, name_, 0});
    static constexpr std::uint8_t kStar[] = {'*'};
    // A wildcard that would be too long for a name cannot exist.
    if (auto wildcard = encloser.name.child(kStar)) {
      out_.denied.push_back({Statement::What::NoSuchName, std::move(*wildcard), 0});
    }
  }

  // RFC 2308 section 3: no longer than MINIMUM.
  void negative_soa() {
    const Set& soa = *zone_.set_at(*zone_.find(zone_.origin()), SOA);
    add(out_.authority, soa, std::min(soa.ttl, zone_.soa().minimum));
  }

  const Reference& zone_;
  const wire::Name& name_;
  std::uint16_t type_;
  bool dnssec_ok_;
  Expectation out_;
};

}  // namespace

Expectation expect(const Reference& zone, const wire::Name& name, std::uint16_t type, bool dnssec_ok) {
  return Expecting(zone, name, type, dnssec_ok).run();
}

}  // namespace imrs::audit
