// dns/pipeline/compile_command.h
// `imrs-zone compile`: zone files in, one verified answer image out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace imrs::pipeline {

struct CompileOptions {
  std::vector<std::string> zones;           // "ORIGIN=FILE"
  std::vector<std::string> trust_anchors;   // files of DS or DNSKEY records
  std::vector<std::string> unsigned_zones;  // origins that need not be signed
  std::string output;
  bool no_verify = false;           // experiments only
  std::optional<std::int64_t> now;  // Unix time; otherwise the wall clock's
};

// Reads, verifies and compiles all zones, checks the image as its readers will, and writes it whole. Gives
// one line per zone for the operator. On any error nothing is written.
[[nodiscard]] Result<std::string> run_compile(const CompileOptions& options);

}  // namespace imrs::pipeline
