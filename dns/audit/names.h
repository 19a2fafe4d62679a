// dns/audit/names.h
// The names that a zone is asked for, besides its own: between two neighbours, before the first and after the
// last. Pure.
#pragma once

#include <vector>

#include "dns/wire/name.h"

namespace imrs::audit {

// Names between `owner` and `next` (its successor in canonical order, or the origin after the last name), in
// a zone at `origin`: the first below the owner, the first after all names below it, one in the middle, one
// with more labels, the longest, and the last. Some may lie elsewhere where the gap is narrow.
[[nodiscard]] std::vector<wire::Name> names_between(const wire::Name& owner, const wire::Name& next,
                                                    const wire::Name& origin);

// `name` with labels put before it until it has 255 octets, or as many as it can have.
[[nodiscard]] wire::Name lengthened(const wire::Name& name, std::uint8_t octet);

// `name` with about every other letter in upper case (0x20).
[[nodiscard]] wire::Name mixed_case(const wire::Name& name);

}  // namespace imrs::audit
