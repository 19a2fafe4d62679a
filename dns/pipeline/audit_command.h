// dns/pipeline/audit_command.h
// `imrs-zone audit`: proves that an image answers as the zone files say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace imrs::pipeline {

struct AuditOptions {
  std::string image;
  std::vector<std::string> zones;           // "ORIGIN=FILE"
  std::vector<std::string> trust_anchors;   // files of DS or DNSKEY records
  std::vector<std::string> unsigned_zones;  // origins that need not be signed
  std::optional<std::int64_t> now;          // Unix time; otherwise the wall clock's
};

// Gives one line for the operator. The error names the file, or the question and what is wrong with its
// answer.
[[nodiscard]] Result<std::string> run_audit(const AuditOptions& options);

}  // namespace imrs::pipeline
