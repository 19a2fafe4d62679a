// The audit as a whole. Called by `imrs-zone audit` and by the audit child.
#include "dns/audit/audit.h"

#include <algorithm>
#include <thread>

#include "dns/audit/examiner.h"
#include "dns/audit/zonemd.h"

namespace imrs::audit {
namespace {

constexpr std::size_t kNamesWorthAThread = 500;

Error differs(const image::ZoneSummary& summary, const char* what, std::int64_t have, std::int64_t want) {
  return Error{Errc::Refused, "zone " + summary.origin + ": the image says " + what + " " +
                                  std::to_string(have) + ", and it is " + std::to_string(want)};
}

// Names outside of what is served, next to each origin; the root has none.
std::vector<wire::Name> strangers(const Reference& zone) {
  std::vector<wire::Name> out;
  if (zone.origin().is_root()) return out;
  static constexpr std::uint8_t kBeside[] = {'0', '0'};
  out.push_back(zone.origin().parent());
  if (auto beside = zone.origin().parent().child(kBeside)) out.push_back(std::move(*beside));
  return out;
}

}  // namespace

std::string Report::text() const {
  return std::to_string(questions) + " questions, " + std::to_string(proofs) + " proofs, " +
         std::to_string(records) + " records, " + std::to_string(signatures) + " signatures";
}

std::size_t audit_threads() { return std::clamp(std::thread::hardware_concurrency(), 1U, 4U); }

Result<Auditor> Auditor::make(std::vector<ZoneInput> zones, const Records& anchors, std::int64_t now,
                              std::size_t threads, Memory* verified) {
  Memory none;
  Memory& memory = verified != nullptr ? *verified : none;
  Auditor auditor;
  auditor.threads_ = std::max<std::size_t>(threads, 1);
  for (ZoneInput& input : zones) {
    auto zone = Reference::make(std::move(input));
    if (!zone) return zone.error();
    const auto same = [&](const Reference& other) { return other.origin() == zone->origin(); };
    if (std::ranges::any_of(auditor.zones_, same)) {
      return Error{Errc::InvalidInput, "zone " + zone->origin().text() + " is given twice"};
    }
    SignatureReport signatures;
    if (zone->secure()) {
      const std::size_t parts = std::clamp<std::size_t>(zone->names().size() / kNamesWorthAThread, 1,
                                                        auditor.threads_);
      auto checked = check_signatures(*zone, anchors, now, memory[zone->origin().lower()], parts);
      if (!checked) return checked.error();
      signatures = *checked;
    }
    auto zonemd = zone->checks_zonemd() ? zonemd_holds(*zone) : Result<bool>(false);
    if (!zonemd) return zonemd.error();
    auditor.zonemd_.push_back(*zonemd);
    auditor.signatures_.push_back(signatures);
    auditor.zones_.push_back(std::move(*zone));
  }
  return auditor;
}

Result<Report> Auditor::audit(const image::Image& image, Witness witness) const {
  if (auto ok = check_summaries(image); !ok) return ok.error();
  Report report;
  std::size_t names = 0;
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    report.records += zones_[i].record_count();
    report.signatures += signatures_[i].verified;
    names += zones_[i].names().size();
  }
  const std::size_t parts = witness ? 1 : std::clamp<std::size_t>(names / kNamesWorthAThread, 1, threads_);
  std::vector<Share> shares(parts);
  {
    std::vector<std::jthread> others;
    for (std::size_t part = 1; part < parts; ++part) {
      others.emplace_back([&, part] { shares[part] = examine(image, {}, part, parts); });
    }
    shares[0] = examine(image, std::move(witness), 0, parts);
  }
  for (const Share& share : shares) {
    if (!share.outcome) return share.outcome.error();
    report.questions += share.questions;
    report.proofs += share.proofs;
  }
  return report;
}

Auditor::Share Auditor::examine(const image::Image& image, Witness witness, std::size_t part,
                                std::size_t parts) const {
  Examiner examiner(zones_, image, std::move(witness));
  Share share;
  for (std::size_t i = 0; i < zones_.size() && share.outcome; ++i) {
    share.outcome = examiner.examine_zone(zones_[i], part, parts);
    if (part != 0) continue;
    for (const wire::Name& name : strangers(zones_[i])) {
      if (share.outcome && zone_for(zones_, name, 1) == nullptr)
        share.outcome = examiner.examine_stranger(name);
    }
  }
  share.questions = examiner.asked();
  share.proofs = examiner.proven();
  return share;
}

Result<void> Auditor::check_summaries(const image::Image& image) const {
  const auto summaries = image.zones();
  if (summaries.size() != zones_.size()) {
    return Error{Errc::Refused, "the image has " + std::to_string(summaries.size()) + " zones, and " +
                                    std::to_string(zones_.size()) + " are to be audited"};
  }
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    const std::string origin = zones_[i].origin().lower().text();
    const auto found = std::ranges::find(summaries, origin, &image::ZoneSummary::origin);
    if (found == summaries.end()) return Error{Errc::Refused, "the image has no zone " + origin};
    if (auto ok = check_summary(*found, i); !ok) return ok;
  }
  return {};
}

Result<void> Auditor::check_summary(const image::ZoneSummary& summary, std::size_t index) const {
  const Reference& zone = zones_[index];
  const Soa& soa = zone.soa();
  const std::size_t cuts = zone.count(Kind::Delegation);
  const std::size_t names = cuts + zone.count(Kind::Authoritative) + zone.count(Kind::EmptyNonTerminal);
  const struct {
    const char* what;
    std::int64_t have, want;
  } numbers[] = {{"serial", summary.serial, soa.serial},
                 {"refresh", summary.refresh, soa.refresh},
                 {"retry", summary.retry, soa.retry},
                 {"expire", summary.expire, soa.expire},
                 {"first signature end", summary.first_signature_end, signatures_[index].first_end},
                 {"delegations", summary.delegations, static_cast<std::int64_t>(cuts)},
                 {"names", summary.names, static_cast<std::int64_t>(names)},
                 {"DNSSEC verified", summary.dnssec_verified, zone.secure()},
                 {"ZONEMD verified", summary.zonemd_verified, zonemd_[index]}};
  for (const auto& number : numbers) {
    if (number.have != number.want) return differs(summary, number.what, number.have, number.want);
  }
  return {};
}

}  // namespace imrs::audit
