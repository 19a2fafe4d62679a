// agent/preflight/checks.h
// Every point of the host's contract, in the order in which they are shown: looks, and has it judged. Blocks
// for some seconds where servers do not answer.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/preflight/dns_points.h"
#include "agent/preflight/report.h"
#include "agent/snapshot/snapshot.h"

namespace imrs::preflight {

// What imrsctl knows before anything is looked at.
struct Given {
  std::string config_path;
  Result<Config> config;
  Result<Snapshot> snapshot;           // an error: why the agent could not be asked
  std::optional<QueriesSeen> queries;  // nothing: it does not run
  std::optional<IpAddress> spoof_target;
  std::string bird = "/usr/sbin/bird", nft = "/usr/sbin/nft", systemctl = "/usr/bin/systemctl";
};

[[nodiscard]] std::vector<std::string> point_names();

// `only`: names of points; empty: all.
[[nodiscard]] std::vector<Finding> run_checks(const Given& given, const std::vector<std::string>& only);

}  // namespace imrs::preflight
