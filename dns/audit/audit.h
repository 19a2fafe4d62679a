// dns/audit/audit.h
// Proves an answer image against the zones it was made from: the real responder is asked for every name and
// every gap, and each answer is judged by the zone's records as ldns reads them. Nothing of the compiler, of
// dns/zone and of the image's index is used for judging. No I/O; the clock is an argument.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/audit/asking.h"
#include "dns/audit/records.h"
#include "dns/audit/reference.h"
#include "dns/audit/signatures.h"
#include "dns/image/image.h"

namespace imrs::audit {

struct Report {
  std::uint64_t questions = 0;   // asked
  std::uint64_t proofs = 0;      // answers read by ldns; the others are these cut, with other letters or type
  std::uint64_t records = 0;     // in the zones
  std::uint64_t signatures = 0;  // verified

  [[nodiscard]] std::string text() const;  // "212,345 questions, ...", one line without its end
};

class Auditor {
 public:
  // Reads the zones and verifies all signatures of those that have to be secure. `anchors`: DS and DNSKEY
  // records of all zones. `now`: Unix time. `threads`: how many it and audit() may use for a large zone.
  // `verified`: by origin, what earlier ones have verified; null: nothing.
  using Memory = std::map<wire::Name, VerifiedSignatures>;
  [[nodiscard]] static Result<Auditor> make(std::vector<ZoneInput> zones, const Records& anchors,
                                            std::int64_t now, std::size_t threads = 1,
                                            Memory* verified = nullptr);

  // Stops at the first thing that is wrong; the error names the question. `witness` sees all messages, from
  // this thread.
  [[nodiscard]] Result<Report> audit(const image::Image& image, Witness witness = {}) const;

 private:
  struct Share {  // what one thread has done
    Result<void> outcome;
    std::uint64_t questions = 0, proofs = 0;
  };

  Auditor() = default;
  [[nodiscard]] Share examine(const image::Image& image, Witness witness, std::size_t part,
                              std::size_t parts) const;
  [[nodiscard]] Result<void> check_summaries(const image::Image& image) const;
  [[nodiscard]] Result<void> check_summary(const image::ZoneSummary& summary, std::size_t zone) const;

  std::size_t threads_ = 1;
  std::vector<Reference> zones_;
  std::vector<SignatureReport> signatures_;  // of each; zero where they are not checked
  std::vector<bool> zonemd_;                 // of each: holds and matches
};

// One for each core, at most 4, for the engine's workers go on meanwhile. Ask before the sandbox.
[[nodiscard]] std::size_t audit_threads();

}  // namespace imrs::audit
