// Reads NSEC records as a validating resolver does. Called for each NSEC of each answer. It knows the zone
// only by what the record says.
#include "dns/audit/nsec_proof.h"

#include "dns/audit/ldns.h"
#include "dns/wire/protocol.h"

namespace imrs::audit {
namespace {

struct Nsec {
  wire::Name owner, next;
  const ldns_rdf* bitmap = nullptr;

  [[nodiscard]] bool has(ldns_rr_type type) const { return ldns_nsec_bitmap_covers_type(bitmap, type); }
};

// Strictly between; the last record of the chain leads back to the apex.
bool covers(const Nsec& nsec, const wire::Name& origin, const wire::Name& name) {
  if (!name.is_within(origin) || !(nsec.owner < name)) return false;
  if (nsec.next != origin && !(name < nsec.next)) return false;
  // The parent's NSEC at a cut says nothing of what lies below.
  const bool cut = nsec.has(LDNS_RR_TYPE_NS) && !nsec.has(LDNS_RR_TYPE_SOA);
  return !(name.is_within(nsec.owner) && (cut || nsec.has(LDNS_RR_TYPE_DNAME)));
}

// At a cut the parent's NSEC speaks of DS only, and the child's never does, but in a zone without parent.
bool lacks(const Nsec& nsec, const wire::Name& origin, const Statement& statement) {
  if (nsec.owner != statement.name) return false;
  if (nsec.has(static_cast<ldns_rr_type>(statement.type)) || nsec.has(LDNS_RR_TYPE_CNAME)) return false;
  const bool apex = nsec.has(LDNS_RR_TYPE_SOA);
  if (statement.type == wire::rrtype::DS) return !apex || nsec.owner == origin;
  return apex || !nsec.has(LDNS_RR_TYPE_NS);
}

}  // namespace

bool proves(const ldns_rr* rr, const wire::Name& origin, const Statement& statement) {
  auto owner = wire::Name::from_wire(octets_of(ldns_rr_owner(rr)));
  auto next = wire::Name::from_wire(octets_of(ldns_rr_rdf(rr, 0)));
  if (!owner || !next) return false;
  const Nsec nsec{std::move(*owner), std::move(*next), ldns_rr_rdf(rr, 1)};
  switch (statement.what) {
    case Statement::What::NoSuchType: return lacks(nsec, origin, statement);
    case Statement::What::EmptyNonTerminal:
      return covers(nsec, origin, statement.name) && nsec.next.is_within(statement.name);
    case Statement::What::NoSuchName:
      return covers(nsec, origin, statement.name) && !nsec.next.is_within(statement.name);
  }
  return false;
}

}  // namespace imrs::audit
