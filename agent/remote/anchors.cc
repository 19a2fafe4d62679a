// Edits trust anchors. Called by `imrsctl rotate trust-anchor`. It must never leave a set by which what is
// served now could not be verified.
#include "agent/remote/anchors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdio.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/zone/dnskey.h"
#include "dns/zone/signatures.h"

// Last: it has ldns in it.
// clang-format off
#include "dns/zone/ldns_rdata.h"
// clang-format on

namespace imrs::remote {
namespace {

using wire::rrtype::DNSKEY;
using wire::rrtype::DS;
using zone::DnsKey;
using zone::Rdata;

constexpr std::size_t kMostAnchors = 8;  // of one zone
constexpr std::uint8_t kAlgorithms[] = {8, 10, 13, 14, 15};
constexpr std::size_t kDigest = 4;  // of DS rdata: tag, algorithm, digest type, then this

struct FileCloser {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
struct RrFreer {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};
struct TextFreer {
  void operator()(char* text) const { std::free(text); }
};

Result<std::uint16_t> tag_of(std::uint16_t type, const Rdata& rdata) {
  if (type == DS) {
    if (rdata.size() <= kDigest) return Error{Errc::InvalidInput, "a DS record without a digest"};
    return wire::load_u16(rdata.data());
  }
  const auto key = DnsKey::from_rdata(rdata);
  if (!key) return key.error();
  return key->tag();
}

std::string presentation(const ldns_rr& rr) {
  const std::unique_ptr<char, TextFreer> text(ldns_rr2str_fmt(ldns_output_format_nocomments, &rr));
  std::string out = text ? text.get() : "";
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

Result<Anchor> anchor_of(const ldns_rr& rr) {
  const auto type = static_cast<std::uint16_t>(ldns_rr_get_type(&rr));
  if ((type != DS && type != DNSKEY) || ldns_rr_get_class(&rr) != LDNS_RR_CLASS_IN) {
    return Error{Errc::InvalidInput, "a trust anchor is a DS or DNSKEY record of class IN"};
  }
  const ldns_rdf* owner = ldns_rr_owner(&rr);
  auto name = wire::Name::from_wire({ldns_rdf_data(owner), ldns_rdf_size(owner)});
  if (!name) return name.error();
  Rdata rdata = zone::rdata_of(rr);
  const auto tag = tag_of(type, rdata);
  if (!tag) return tag.error();
  return Anchor{{std::move(*name), type, std::move(rdata)}, presentation(rr), *tag};
}

// Why imrs-zone could not verify anything by it; empty: it can.
std::string useless(const Anchor& anchor) {
  const Rdata& rdata = anchor.record.rdata;
  if (anchor.record.type == DNSKEY) {
    const auto key = DnsKey::from_rdata(rdata);
    if (!key || !key->supported()) return "its algorithm is not supported (8, 10, 13, 14, 15 are)";
    return key->usable() ? "" : "it is no zone key, or is revoked";
  }
  if (std::ranges::find(kAlgorithms, rdata[2]) == std::end(kAlgorithms)) {
    return "its algorithm is not supported (8, 10, 13, 14, 15 are)";
  }
  const std::size_t size = rdata.size() - kDigest;
  const bool good = (rdata[3] == 2 && size == 32) || (rdata[3] == 4 && size == 48);
  return good ? "" : "its digest must be of type 2 (SHA-256) or 4 (SHA-384)";
}

bool same(const Anchor& one, const Anchor& other) {
  return one.record.owner == other.record.owner && one.record.type == other.record.type &&
         one.record.rdata == other.record.rdata;
}

bool names(const Anchor& anchor, const wire::Name& origin, const DnsKey& key) {
  if (anchor.record.owner != origin) return false;
  if (anchor.record.type == DNSKEY) return anchor.record.rdata == key.rdata();
  return zone::ds_matches(anchor.record.rdata, origin, key);
}

std::string tags_of(const Anchors& anchors, const wire::Name& origin) {
  std::vector<std::uint16_t> tags;
  for (const Anchor& one : anchors) {
    if (one.record.owner == origin) tags.push_back(one.tag);
  }
  return tags.empty() ? "none" : fmt::format("{}", fmt::join(tags, ", "));
}

Result<void> check_fresh(const Anchors& fresh, const wire::Name& origin) {
  if (fresh.empty()) {
    return Error{Errc::InvalidInput, "standard input has no DS or DNSKEY record; give the new anchor there"};
  }
  for (const Anchor& one : fresh) {
    if (one.record.owner != origin) {
      return Error{Errc::InvalidInput, fmt::format("key {} is of {}, not of {}; name the zone with --zone",
                                                   one.tag, one.record.owner.text(), origin.text())};
    }
    if (const std::string why = useless(one); !why.empty()) {
      return Error{Errc::InvalidInput, fmt::format("key {}: {}", one.tag, why)};
    }
  }
  return {};
}

Result<Anchors> bounded(Anchors anchors, const wire::Name& origin) {
  const auto count = std::ranges::count_if(anchors,
                                           [&](const Anchor& one) { return one.record.owner == origin; });
  if (static_cast<std::size_t>(count) <= kMostAnchors) return anchors;
  return Error{Errc::Refused, fmt::format("{} would have more than {} anchors; remove old ones",
                                          origin.text(), kMostAnchors)};
}

bool signs(const DnsKey& key, const wire::Name& origin, const zone::RRset& dnskeys, std::int64_t now) {
  zone::KnownSignatures none;
  const zone::SignedSet set{&origin, DNSKEY, &dnskeys};
  return zone::check_signatures({&set, 1}, origin, {&key, 1}, now, none).ok();
}

// The tags of the keys that sign the set.
std::string signers(const std::vector<DnsKey>& keys, const wire::Name& origin, const zone::RRset& dnskeys,
                    std::int64_t now) {
  std::vector<std::uint16_t> tags;
  for (const DnsKey& key : keys) {
    if (signs(key, origin, dnskeys, now)) tags.push_back(key.tag());
  }
  return tags.empty() ? "no key that is valid now" : fmt::format("{}", fmt::join(tags, ", "));
}

}  // namespace

Result<Anchors> parse_anchors(std::string_view text, const std::string& what) {
  Anchors out;
  if (text.empty()) return out;
  std::string copy(text);
  const std::unique_ptr<std::FILE, FileCloser> file(::fmemopen(copy.data(), copy.size(), "r"));
  if (!file) return system_error(what);
  ldns_rdf* origin = ldns_dname_new_frm_str(".");
  ldns_rdf* previous = nullptr;
  std::uint32_t ttl = 0;
  int line = 0;
  Result<void> outcome;
  while (outcome && std::feof(file.get()) == 0) {
    ldns_rr* raw = nullptr;
    const ldns_status status = ldns_rr_new_frm_fp_l(&raw, file.get(), &ttl, &origin, &previous, &line);
    const std::unique_ptr<ldns_rr, RrFreer> rr(raw);
    if (status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL ||
        status == LDNS_STATUS_SYNTAX_ORIGIN) {
      continue;
    }
    auto anchor = status == LDNS_STATUS_OK
                      ? anchor_of(*rr)
                      : Result<Anchor>(Error{Errc::InvalidInput, ldns_get_errorstr_by_id(status)});
    if (anchor) {
      out.push_back(std::move(*anchor));
    } else {
      outcome = anchor.error().within(fmt::format("{} line {}", what, line));
    }
  }
  ldns_rdf_deep_free(origin);
  ldns_rdf_deep_free(previous);
  if (!outcome) return outcome.error();
  return out;
}

std::string anchors_text(const Anchors& anchors) {
  std::string out = "; Trust anchors. Written by imrsctl rotate trust-anchor.\n";
  for (const Anchor& one : anchors) out += one.text + "\n";
  return out;
}

Result<Anchors> with_added(Anchors current, const Anchors& fresh, const wire::Name& origin) {
  if (auto good = check_fresh(fresh, origin); !good) return good.error();
  for (const Anchor& one : fresh) {
    if (std::ranges::any_of(current, [&](const Anchor& old) { return same(old, one); })) {
      return Error{Errc::Refused, fmt::format("the anchor of key {} is there already", one.tag)};
    }
    current.push_back(one);
  }
  return bounded(std::move(current), origin);
}

Result<Anchors> with_replaced(const Anchors& current, const Anchors& fresh, const wire::Name& origin) {
  Anchors others;
  std::ranges::copy_if(current, std::back_inserter(others),
                       [&](const Anchor& one) { return one.record.owner != origin; });
  return with_added(std::move(others), fresh, origin);
}

Result<Anchors> with_removed(const Anchors& current, std::uint16_t tag, const wire::Name& origin) {
  Anchors kept;
  std::ranges::copy_if(current, std::back_inserter(kept),
                       [&](const Anchor& one) { return one.record.owner != origin || one.tag != tag; });
  if (kept.size() == current.size()) {
    return Error{Errc::InvalidInput, fmt::format("{} has no anchor of key {}; there are: {}", origin.text(),
                                                 tag, tags_of(current, origin))};
  }
  const bool left = std::ranges::any_of(kept, [&](const Anchor& one) { return one.record.owner == origin; });
  if (left) return kept;
  return Error{Errc::Refused,
               fmt::format("key {} is the last anchor of {}; add the new one first", tag, origin.text())};
}

Result<std::string> anchors_fit(const Anchors& anchors, const wire::Name& origin, const zone::RRset& dnskeys,
                                std::int64_t now) {
  std::vector<DnsKey> keys;
  for (const Rdata& rdata : dnskeys.rdata) {
    auto key = DnsKey::from_rdata(rdata);
    if (key && key->usable()) keys.push_back(std::move(*key));
  }
  std::string text;
  bool good = false;
  for (const Anchor& anchor : anchors) {
    if (anchor.record.owner != origin) continue;
    const auto key = std::ranges::find_if(keys,
                                          [&](const DnsKey& one) { return names(anchor, origin, one); });
    const bool there = key != keys.end();
    const bool signing = there && signs(*key, origin, dnskeys, now);
    good = good || signing;
    text += fmt::format("{}key {} {}", text.empty() ? "" : "; ", anchor.tag,
                        signing ? "signs the zone's keys"
                        : there ? "is in the zone and does not sign yet"
                                : "is not in the zone that is served");
  }
  if (good) return text;
  return Error{
      Errc::Refused,
      fmt::format("what is served of {} would not be known by these anchors ({}): its keys are signed "
                  "by {}; nothing was changed",
                  origin.text(), tags_of(anchors, origin), signers(keys, origin, dnskeys, now))};
}

}  // namespace imrs::remote
