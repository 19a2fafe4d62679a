// dns/zone/nsec.h
// The NSEC chain (RFC 4034 section 4, RFC 4035 section 2.3): what a zone says does not exist.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "dns/wire/name.h"
#include "dns/zone/zone.h"

namespace imrs::zone {

struct Nsec {
  wire::Name next;
  std::set<std::uint16_t> types;

  [[nodiscard]] static Result<Nsec> read(const Rdata& rdata);
};

// One name that has to be in the chain, with the types its NSEC has to list.
struct ChainLink {
  const wire::Name* owner = nullptr;
  const Node* node = nullptr;
  std::set<std::uint16_t> types;
};

// Checks that the names in `links` (canonical order, the apex first), and only they, form the chain.
[[nodiscard]] Result<void> check_nsec_chain(std::span<const ChainLink> links);

}  // namespace imrs::zone
