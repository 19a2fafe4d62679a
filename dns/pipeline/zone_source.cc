// Gets zones and puts them to the gate. Called by the pipeline's loop. It must never take a version that
// did not pass verify(), nor one whose serial goes back, also across a restart of this process.
#include "dns/pipeline/zone_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <new>
#include <utility>
#include <variant>

#include "dns/pipeline/acceptance.h"
#include "dns/pipeline/identity_zone.h"
#include "dns/transfer/serial.h"
#include "dns/wire/protocol.h"
#include "dns/zone/changes.h"
#include "dns/zone/parse.h"
#include "dns/zone/signatures.h"
#include "dns/zone/verify.h"

namespace imrs::pipeline {
namespace {

using State = ZoneReport::State;
using zone::VerifiedZone;

constexpr std::chrono::seconds kRefusedPause{60};

zone::VerifyPolicy policy_of(const ZoneConfig& config) {
  using zone::VerifyPolicy;
  VerifyPolicy policy;
  policy.dnssec = config.dnssec == ZoneConfig::Dnssec::Required ? VerifyPolicy::Dnssec::Required
                                                                : VerifyPolicy::Dnssec::None;
  switch (config.zonemd) {
    case ZoneConfig::Zonemd::Required: policy.zonemd = VerifyPolicy::Zonemd::Required; break;
    case ZoneConfig::Zonemd::IfPresent: policy.zonemd = VerifyPolicy::Zonemd::IfPresent; break;
    case ZoneConfig::Zonemd::None: policy.zonemd = VerifyPolicy::Zonemd::None; break;
  }
  return policy;
}

// Read afresh each time: the files are small, and an operator who puts a new anchor in place need not
// restart anything.
Result<std::vector<zone::TrustAnchor>> load_anchors(const ZoneConfig& config) {
  std::vector<zone::TrustAnchor> all;
  for (const std::string& path : config.trust_anchors) {
    auto anchors = zone::load_trust_anchors(path);
    if (!anchors) return anchors.error().within("trust anchor");
    all.insert(all.end(), anchors->begin(), anchors->end());
  }
  return all;
}

State state_of(const Error& error) {
  switch (error.code) {
    case Errc::InvalidInput:
    case Errc::Refused: return State::Refused;
    case Errc::System:
    case Errc::Closed:
    case Errc::Timeout:
    case Errc::Unavailable: return State::Unreachable;
  }
  return State::Unreachable;
}

std::uint32_t milliseconds_since(std::chrono::steady_clock::time_point start) {
  const auto took = std::chrono::steady_clock::now() - start;
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
}

Attempt failed(Attempt attempt, const Error& error) {
  attempt.state = state_of(error);
  attempt.reason = error.message;
  attempt.topic = error.topic;
  return attempt;
}

Error out_of_memory() {
  return Error{Errc::Refused,
               "more memory than this program may have went into what it sent; look at what it serves",
               "transfer"};
}

// By differences, or the whole zone that came instead. What came is given back here, before verification.
Result<zone::Zone> next_version(const zone::Zone& current, transfer::IxfrResponse response,
                                std::size_t most_memory) {
  if (auto* zone = std::get_if<zone::Zone>(&response)) return std::move(*zone);
  return zone::apply_changes(current, std::get<transfer::Differences>(response), most_memory);
}

// When the first of the sets loses its last signature; `now` if none has lost it yet.
std::int64_t signatures_held(const zone::Zone& zone, std::int64_t now) {
  std::int64_t held = now;
  for (const auto& [owner, node] : zone.nodes) {
    for (const auto& [type, set] : node) {
      std::optional<std::int64_t> end;
      for (const zone::Rdata& rdata : set.signatures) {
        const auto rrsig = zone::Rrsig::read(rdata);
        if (!rrsig) continue;
        const std::int64_t last = zone::absolute_time(rrsig->expiration, now);
        end = std::max(end.value_or(last), last);
      }
      held = std::min(held, end.value_or(held));
    }
  }
  return held;
}

// Several failed primaries as one: the first refusal, or else the first failure; all the reasons.
void merge(std::optional<Attempt>& all, Attempt one) {
  one.reason = one.source + ": " + one.reason;
  if (!all) {
    all = std::move(one);
    return;
  }
  const std::string reasons = all->reason + "; " + one.reason;
  if (all->state != State::Refused && one.state == State::Refused) all = std::move(one);
  all->reason = reasons;
}

}  // namespace

ZoneSource::ZoneSource(ZoneConfig config, wire::Name origin, std::string management, Clock clock,
                       std::span<const transfer::TsigKey> keys, const transfer::Limits& limits,
                       std::function<void()> alive)
    : config_(std::move(config)),
      origin_(std::move(origin)),
      management_(std::move(management)),
      clock_(std::move(clock)),
      limits_(limits),
      alive_(std::move(alive)),
      refused_serials_(config_.primaries.size()) {
  for (const PrimaryConfig& primary : config_.primaries) {
    primaries_.push_back({primary.address.text, primary.port});
    if (primary.key.empty()) continue;
    const auto same_name = [&](const transfer::TsigKey& key) { return key.name.text() == primary.key; };
    primaries_.back().key = *std::ranges::find_if(keys, same_name);
  }
}

std::optional<Attempt> ZoneSource::attempt(const VerifiedZone* current, const Accept& accept) {
  if (config_.identity) return attempt_identity(current, accept);
  return is_file() ? attempt_file(current, accept) : attempt_primaries(current, accept);
}

Attempt ZoneSource::restore(zone::Zone stored, const Accept& accept) {
  Attempt attempt;
  attempt.source = "disk";
  const auto check = [&](std::uint32_t serial) { return check_not_back(serial, nullptr); };
  std::int64_t now = clock_();
  if (!origin_.is_root()) now = signatures_held(stored, now);
  auto taken = take(std::move(stored), Steady::now(), attempt.serial, nullptr, check, accept, now);
  if (!taken) return failed(attempt, taken.error());
  attempt.state = State::Loaded;
  attempt.confirmed = attempt.serial;
  return attempt;
}

void ZoneSource::forget_refused() {
  refused_file_ = {};
  std::ranges::fill(refused_serials_, RefusedVersion<std::optional<std::uint32_t>>{});
}

Attempt ZoneSource::attempt_identity(const VerifiedZone* current, const Accept& accept) {
  Attempt attempt;
  attempt.source = "identity_zone";
  if (current != nullptr) {
    attempt.serial = current->serial();
    attempt.confirmed = attempt.serial;
    return attempt;
  }
  const auto start = Steady::now();
  auto made = identity_zone(origin_, *config_.identity);
  if (!made) return failed(attempt, made.error());
  const auto any_serial = [](std::uint32_t) { return Result<void>(); };
  auto taken = take(std::move(*made), start, attempt.serial, nullptr, any_serial, accept);
  if (!taken) return failed(attempt, taken.error());
  attempt.state = State::Loaded;
  return attempt;
}

std::optional<Attempt> ZoneSource::attempt_file(const VerifiedZone* current, const Accept& accept) {
  Attempt attempt;
  attempt.source = config_.file;
  auto stamp = stamp_of(config_.file);
  if (!stamp) return failed(attempt, stamp.error());
  if (current != nullptr && loaded_file_ == *stamp) {
    attempt.serial = current->serial();
    attempt.confirmed = attempt.serial;
    return attempt;
  }
  if (refused_file_.holds(*stamp)) return std::nullopt;
  const auto start = Steady::now();
  auto parsed = zone::parse_file(config_.file, origin_);
  if (!parsed && parsed.error().code == Errc::System) return failed(attempt, parsed.error());
  const auto check = [&](std::uint32_t serial) { return check_not_back(serial, current); };
  auto taken = parsed ? take(std::move(*parsed), start, attempt.serial, current, check, accept)
                      : Result<void>(parsed.error());
  if (!taken) {
    refused_file_ = {*stamp, std::chrono::steady_clock::now() + kRefusedPause};
    attempt = failed(attempt, taken.error());
    attempt.state = State::Refused;  // the file was there: whatever failed, it was its content
    return attempt;
  }
  loaded_file_ = *stamp;
  attempt.state = State::Loaded;
  return attempt;
}

std::optional<Attempt> ZoneSource::attempt_primaries(const VerifiedZone* current, const Accept& accept) {
  std::optional<Attempt> unchanged, failures;
  std::vector<Asked> asked;
  bool newer = false;
  for (std::size_t i = 0; i < config_.primaries.size(); ++i) {
    auto [attempt, has_newer] = ask(i, current, accept);
    newer = newer || has_newer;
    if (!attempt) continue;
    asked.push_back({attempt->source, attempt->state, attempt->serial, attempt->reason});
    if (attempt->state == State::Loaded || config_.primaries.size() == 1) {
      attempt->asked = std::move(asked);
      return attempt;
    }
    if (attempt->state != State::Unchanged) {
      merge(failures, std::move(*attempt));
    } else if (!unchanged) {
      unchanged = std::move(attempt);
    }
  }
  if (unchanged && failures) failures->confirmed = unchanged->confirmed;
  std::optional<Attempt>& outcome = unchanged && !newer ? unchanged : failures;
  if (outcome) outcome->asked = std::move(asked);
  return outcome;
}

ZoneSource::Answer ZoneSource::ask(std::size_t primary, const VerifiedZone* current, const Accept& accept) {
  Attempt asked;
  asked.source = primaries_[primary].text();
  try {
    return ask(primary, asked, current, accept);
  } catch (const std::bad_alloc&) {
    known_.drop();
    refuse(primary, asked.serial);
    return {failed(std::move(asked), out_of_memory()), true};
  }
}

ZoneSource::Answer ZoneSource::ask(std::size_t primary, Attempt& asked, const VerifiedZone* current,
                                   const Accept& accept) {
  alive_();
  auto client = transfer::Client::connect(primaries_[primary], management_, limits_, clock_);
  if (!client) {
    Attempt attempt = failed(asked, client.error());
    attempt.state = State::Unreachable;
    return {attempt};
  }
  auto serial = client->soa_serial(origin_);
  if (!serial) return {failed(asked, serial.error())};
  asked.serial = *serial;
  if (current != nullptr && *serial == current->serial()) {
    asked.confirmed = *serial;
    return {asked};
  }
  if (auto order = check_not_back(*serial, current); !order) return {failed(asked, order.error())};
  if (refused_serials_[primary].holds(*serial)) return {std::nullopt, true};
  Attempt attempt = transfer(primary, std::move(*client), asked, current, accept);
  if (attempt.state == State::Refused) refuse(primary, *serial);
  return {std::move(attempt), true};
}

void ZoneSource::refuse(std::size_t primary, std::uint32_t serial) {
  refused_serials_[primary] = {serial, std::chrono::steady_clock::now() + kRefusedPause};
}

// Differences if there is something that they can be applied to. Whatever is wrong with them, the whole zone
// may be right: it is asked for then, over a new connection.
Attempt ZoneSource::transfer(std::size_t primary, transfer::Client client, Attempt attempt,
                             const VerifiedZone* current, const Accept& accept) {
  if (current == nullptr) return whole(client, std::move(attempt), current, accept);
  Attempt by_differences = differences(std::move(client), attempt, *current, accept);
  if (by_differences.state == State::Loaded) return by_differences;
  auto again = transfer::Client::connect(primaries_[primary], management_, limits_, clock_);
  if (!again) {
    attempt = failed(attempt, again.error());
    attempt.state = State::Unreachable;
    return attempt;
  }
  attempt = whole(*again, std::move(attempt), current, accept);
  attempt.way += "; IXFR: " + by_differences.reason;
  return attempt;
}

Attempt ZoneSource::differences(transfer::Client client, Attempt attempt, const VerifiedZone& current,
                                const Accept& accept) {
  alive_();
  const auto start = Steady::now();
  const zone::Node& apex = current.zone().nodes.at(origin_);
  auto response = client.ixfr(origin_, apex.at(wire::rrtype::SOA).rdata.front());
  if (!response) return failed(std::move(attempt), response.error());
  const auto check = [&, announced = attempt.serial](std::uint32_t serial) {
    return check_transferred(serial, announced, &current);
  };
  if (std::holds_alternative<transfer::UpToDate>(*response)) {
    return failed(std::move(attempt), check(current.serial()).error().about("serial"));
  }
  const bool whole_zone = std::holds_alternative<zone::Zone>(*response);
  attempt.way = whole_zone ? "IXFR: the whole zone" : "IXFR";
  auto next = next_version(current.zone(), std::move(*response), limits_.memory);
  if (!next) return failed(std::move(attempt), next.error().about("transfer"));
  auto taken = take(std::move(*next), start, attempt.serial, &current, check, accept);
  if (!taken) return failed(std::move(attempt), taken.error());
  attempt.state = State::Loaded;
  return attempt;
}

Attempt ZoneSource::whole(transfer::Client& client, Attempt attempt, const VerifiedZone* current,
                          const Accept& accept) {
  alive_();
  const auto start = Steady::now();
  auto zone = client.axfr(origin_);
  if (!zone && state_of(zone.error()) == State::Unreachable) return failed(attempt, zone.error());
  const auto check = [&, announced = attempt.serial](std::uint32_t serial) {
    return check_transferred(serial, announced, current);
  };
  auto taken = zone ? take(std::move(*zone), start, attempt.serial, current, check, accept)
                    : Result<void>(zone.error());
  if (!taken) attempt = failed(attempt, taken.error());
  attempt.state = taken ? State::Loaded : State::Refused;
  attempt.way = "AXFR";
  return attempt;
}

Result<void> ZoneSource::take(zone::Zone zone, Steady::time_point start, std::uint32_t& serial,
                              const VerifiedZone* current, const CheckSerial& check, const Accept& accept,
                              std::optional<std::int64_t> now) {
  alive_();
  Phases phases{.transfer = milliseconds_since(start)};
  const auto verifying = Steady::now();
  auto anchors = load_anchors(config_);
  if (!anchors) return anchors.error().about("trust-anchor");
  auto verified = zone::verify(std::move(zone), *anchors, policy_of(config_), now.value_or(clock_()),
                               &known_);
  if (!verified) return verified.error();
  serial = verified->serial();
  if (auto right = check(serial); !right) return right.error().about("serial");
  auto kept = current != nullptr ? check_removed(config_, current->zone(), verified->zone(), serial)
                                 : check_removed(config_, verified->zone(), serial);
  if (!kept) return kept;
  phases.verify = milliseconds_since(verifying);
  return accept(std::move(*verified), phases);
}

Result<void> ZoneSource::check_not_back(std::uint32_t serial, const VerifiedZone* current) const {
  return check_serial(config_, serial, current != nullptr ? current->serial() : config_.served_serial);
}

Result<void> ZoneSource::check_transferred(std::uint32_t serial, std::uint32_t announced,
                                           const VerifiedZone* current) const {
  if (auto order = check_not_back(serial, current); !order) return order;
  if (transfer::is_older(serial, announced)) {
    return Error{Errc::Refused, "the transfer has serial " + std::to_string(serial) +
                                    ", though the primary had announced " + std::to_string(announced) +
                                    " just before"};
  }
  if (current != nullptr && serial == current->serial()) {
    return Error{Errc::Refused,
                 "the transfer has serial " + std::to_string(serial) + ", which is served already"};
  }
  return {};
}

Result<ZoneSource::FileStamp> ZoneSource::stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return system_error(path);
  return FileStamp{status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace imrs::pipeline
