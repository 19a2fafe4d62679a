// dns/audit/examiner.h
// Asks an image everything about a name and proves each answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "dns/audit/asking.h"
#include "dns/audit/message.h"
#include "dns/audit/proof.h"
#include "dns/audit/reference.h"

namespace imrs::audit {

class Examiner {
 public:
  // Both must outlive this.
  Examiner(const std::vector<Reference>& zones, const image::Image& image, Witness witness);

  // Every name of the zone and every gap between two of them, or of these one of `parts` shares: the names
  // from part * n / parts on, each with the gap before it. The error names the question.
  Result<void> examine_zone(const Reference& zone, std::size_t part = 0, std::size_t parts = 1);
  // A name that no zone holds: REFUSED.
  Result<void> examine_stranger(const wire::Name& name);

  [[nodiscard]] std::uint64_t asked() const noexcept { return asking_.asked(); }
  [[nodiscard]] std::uint64_t proven() const noexcept { return proven_; }

 private:
  using Types = std::span<const std::uint16_t>;
  Result<void> examine_gap(const Reference& zone, const Entry& before, const wire::Name& next);
  Result<void> examine_entry(const Reference& zone, const Entry& entry);
  Result<void> examine(const wire::Name& name, Types types);
  // `shared`: what was proven for a type before and holds for all but DS.
  Result<void> examine_type(const Question& question, std::optional<Proven>& shared);
  Result<Proven> prove(const Reference& zone, const Question& question, const Expectation& expected);
  Result<void> all_sizes(const Question& question, const Proven& proven);
  Result<void> other_type(const Question& question, const Proven& proven);
  Result<void> compare(const Question& question, const Proven& proven);

  const std::vector<Reference>& zones_;
  std::vector<Prover> provers_;
  Asking asking_;
  std::vector<std::uint8_t> wanted_;
  std::uint64_t proven_ = 0;
};

}  // namespace imrs::audit
