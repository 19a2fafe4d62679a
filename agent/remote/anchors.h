// agent/remote/anchors.h
// The trust anchors of a zone in the text of a file, and whether what is served now holds by them. Pure.
//
// A roll of the key signing key (RFC 5011 section 4, RFC 7583 section 3.3) is: add the new anchor; the zone
// is signed by the new key; remove the old anchor. Whatever else leaves a version between that no anchor
// knows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "dns/zone/verify.h"

namespace imrs::remote {

struct Anchor {
  zone::TrustAnchor record;
  std::string text;       // the record in presentation form, one line
  std::uint16_t tag = 0;  // of the key
};
using Anchors = std::vector<Anchor>;

// All DS and DNSKEY records of a file's text. Errc::InvalidInput, with the line: another record, or none that
// could be read. `what` is what the error calls the text. An empty text has none.
[[nodiscard]] Result<Anchors> parse_anchors(std::string_view text, const std::string& what);
// The text of a file: a comment, and a record a line.
[[nodiscard]] std::string anchors_text(const Anchors& anchors);

// `current` with those of `fresh`, which must all be of `origin`, of an algorithm and digest that imrs-zone
// can verify with (RFC 8624), and not be there yet.
[[nodiscard]] Result<Anchors> with_added(Anchors current, const Anchors& fresh, const wire::Name& origin);
// `fresh` in the place of all that `current` has of `origin`.
[[nodiscard]] Result<Anchors> with_replaced(const Anchors& current, const Anchors& fresh,
                                            const wire::Name& origin);
// Without those of the key with that tag. Errc::Refused: it is the last one of `origin`.
[[nodiscard]] Result<Anchors> with_removed(const Anchors& current, std::uint16_t tag,
                                           const wire::Name& origin);

// Whether the zone's DNSKEY set (with its signatures) is signed by a key that one of the anchors of `origin`
// names, within its dates at `now` (Unix time): what imrs-zone will ask of the next version. Errc::Refused
// says which keys do sign. The text is for people: each anchor's tag, and what its key does in the set.
[[nodiscard]] Result<std::string> anchors_fit(const Anchors& anchors, const wire::Name& origin,
                                              const zone::RRset& dnskeys, std::int64_t now);

}  // namespace imrs::remote
