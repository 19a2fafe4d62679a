// RRSIG checks (RFC 4034 section 3.1.8.1, RFC 4035 section 5.3). Called by the verifier. The sets are
// shared among threads by number; the outcome is the same as if they were checked one after the other.
#include "dns/zone/signatures.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <new>
#include <optional>
#include <system_error>
#include <thread>

#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/wire/text.h"
#include "dns/zone/canonical.h"

namespace imrs::zone {

std::int64_t absolute_time(std::uint32_t time, std::int64_t now) {
  return now + static_cast<std::int32_t>(time - static_cast<std::uint32_t>(now));
}

namespace {

constexpr std::size_t kSetsWorthAThread = 16;

struct Checked {
  std::optional<std::string> failure;
  std::uint32_t verified = 0;
  std::int64_t end = 0;
  std::vector<KnownSignatures::Id> ids;  // of the good ones
};

std::vector<std::uint8_t> signed_data(const SignedSet& item, const Rrsig& rrsig, const Rdata& rrsig_rdata) {
  std::vector<std::uint8_t> data(rrsig_rdata.begin(), rrsig_rdata.begin() + static_cast<std::ptrdiff_t>(18));
  for (const std::uint8_t octet : rrsig.signer.wire()) data.push_back(wire::to_lower(octet));
  for (const Rdata& rdata : item.set->rdata) {
    append_canonical_rr(data, *item.owner, item.type, rrsig.original_ttl, canonical_rdata(item.type, rdata));
  }
  return data;
}

std::string name_of(const SignedSet& item, const Rrsig& rrsig) {
  return item.owner->text() + " RRSIG(" + wire::type_text(item.type) + ") by key " +
         std::to_string(rrsig.key_tag) + " algorithm " + std::to_string(rrsig.algorithm);
}

// What is wrong with the signature apart from its octets.
std::optional<std::string> form_fault(const SignedSet& item, const Rrsig& rrsig, const wire::Name& zone) {
  if (rrsig.signer != zone) return "is signed by " + rrsig.signer.text() + ", not by the zone";
  const std::size_t labels = item.owner->label_count() - (item.owner->is_wildcard() ? 1 : 0);
  if (rrsig.labels != labels) return std::string("has a wrong label count");
  // RFC 4034 sections 3.1.4 and 3: here, at the source, both are the set's own TTL.
  if (item.set->ttl != rrsig.original_ttl || item.set->ttl != item.set->signature_ttl) {
    return "is for a TTL of " + std::to_string(rrsig.original_ttl) + ", the record has " +
           std::to_string(item.set->ttl) + " and the RRSIG itself " + std::to_string(item.set->signature_ttl);
  }
  return std::nullopt;
}

std::optional<std::string> date_fault(const Rrsig& rrsig, std::int64_t now) {
  const std::int64_t begin = absolute_time(rrsig.inception, now), end = absolute_time(rrsig.expiration, now);
  if (now > end) return "ended " + wire::utc_text(end) + ", now is " + wire::utc_text(now);
  if (now < begin) return "begins " + wire::utc_text(begin) + ", now is " + wire::utc_text(now);
  return std::nullopt;
}

Checked failed(std::string why) {
  Checked checked;
  checked.failure = std::move(why);
  return checked;
}

Checked check_set(const SignedSet& item, const wire::Name& zone, std::span<const DnsKey> keys,
                  std::int64_t now, const KnownSignatures& known_before) {
  Checked checked;
  std::optional<std::string> problem;
  for (const Rdata& rdata : item.set->signatures) {
    auto rrsig = Rrsig::read(rdata);
    if (!rrsig) return failed(item.owner->text() + ": " + rrsig.error().message);
    const auto fault = form_fault(item, *rrsig, zone);
    bool known = false, good = false;
    for (const DnsKey& key : keys) {
      if (key.tag() != rrsig->key_tag || key.algorithm() != rrsig->algorithm || !key.supported()) {
        continue;
      }
      known = true;
      if (good || fault) continue;
      const auto data = signed_data(item, *rrsig, rdata);
      const auto id = KnownSignatures::id_of(key.rdata(), data, rrsig->signature);
      good = known_before.hold(id) || key.verifies(data, rrsig->signature);
      if (good) checked.ids.push_back(id);
    }
    if (!known) continue;
    if (!good) {
      return failed(name_of(item, *rrsig) + " " + fault.value_or("does not verify"));
    }
    if (auto date = date_fault(*rrsig, now)) {
      if (!problem) problem = name_of(item, *rrsig) + " " + *date;
      continue;
    }
    ++checked.verified;
    checked.end = std::max(checked.end, absolute_time(rrsig->expiration, now));
  }
  if (checked.verified == 0) {
    checked.failure = problem.value_or(item.owner->text() + " " + wire::type_text(item.type) +
                                       " has no RRSIG by a key of the zone");
  }
  return checked;
}

// As many as can be had: fewer threads take longer, no more.
template <typename Work>
std::vector<std::jthread> start_threads(std::size_t threads, const Work& work) {
  std::vector<std::jthread> all;
  all.reserve(threads);
  try {
    while (all.size() < threads) all.emplace_back(work);
  } catch (const std::system_error&) {
  }
  return all;
}

// Up to the first failure in order; after it, what was begun meanwhile.
std::vector<Checked> check_all(std::span<const SignedSet> sets, const wire::Name& zone,
                               std::span<const DnsKey> keys, std::int64_t now, const KnownSignatures& known) {
  std::vector<Checked> outcome(sets.size());
  std::atomic<std::size_t> next{0};
  std::atomic<bool> over{false}, no_memory{false};
  // After a failure none is begun any more; those before it in order were begun before it.
  const auto work = [&]() noexcept {
    try {
      while (!over) {
        const std::size_t i = next++;
        if (i >= sets.size()) return;
        outcome[i] = check_set(sets[i], zone, keys, now, known);
        if (outcome[i].failure) over = true;
      }
    } catch (const std::bad_alloc&) {
      over = no_memory = true;
    }
  };
  const std::size_t cores = std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
  const std::size_t threads = std::min(cores, sets.size() / kSetsWorthAThread + 1);
  std::vector<std::jthread> others = start_threads(threads - 1, work);
  work();
  others.clear();
  if (no_memory) throw std::bad_alloc();
  return outcome;
}

}  // namespace

KnownSignatures::Id KnownSignatures::id_of(std::span<const std::uint8_t> key,
                                           std::span<const std::uint8_t> data,
                                           std::span<const std::uint8_t> signature) {
  std::vector<std::uint8_t> all;
  wire::ByteWriter writer(all);
  for (const auto piece : {key, data, signature}) {
    writer.u32(static_cast<std::uint32_t>(piece.size()));
    writer.put(piece);
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(all.data(), all.size(), digest.data(), nullptr, EVP_blake2b512(), nullptr);
  Id id;
  std::ranges::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

Result<Rrsig> Rrsig::read(const Rdata& rdata) {
  wire::ByteReader reader(rdata);
  Rrsig out;
  out.covered = reader.u16();
  out.algorithm = reader.u8();
  out.labels = reader.u8();
  out.original_ttl = reader.u32();
  out.expiration = reader.u32();
  out.inception = reader.u32();
  out.key_tag = reader.u16();
  if (!reader.ok()) return Error{Errc::InvalidInput, "RRSIG is too short"};
  auto signer = wire::Name::from_wire(std::span(rdata).subspan(reader.position()));
  if (!signer) return signer.error().within("RRSIG signer");
  out.signed_prefix = reader.position() + signer->size();
  out.signer = std::move(*signer);
  out.signature = std::span(rdata).subspan(out.signed_prefix);
  return out;
}

Result<SignatureSummary> check_signatures(std::span<const SignedSet> sets, const wire::Name& zone,
                                          std::span<const DnsKey> keys, std::int64_t now,
                                          KnownSignatures& known) {
  SignatureSummary summary;
  for (const Checked& checked : check_all(sets, zone, keys, now, known)) {
    for (const auto& id : checked.ids) known.add(id);
    if (checked.failure) return Error{Errc::Refused, *checked.failure};
    summary.verified += checked.verified;
    if (summary.first_end == 0 || checked.end < summary.first_end) summary.first_end = checked.end;
  }
  return summary;
}

}  // namespace imrs::zone
