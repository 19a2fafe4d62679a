// dns/audit/nsec_proof.h
// Whether an NSEC record proves what an answer says (RFC 4035 section 5.4, RFC 6840 section 4.1).
#pragma once

#include "dns/audit/expectation.h"
#include "dns/audit/reference.h"

namespace imrs::audit {

// `nsec`: a record of type NSEC of the zone with that origin.
[[nodiscard]] bool proves(const ldns_struct_rr* nsec, const wire::Name& origin, const Statement& statement);

}  // namespace imrs::audit
