// agent/ctl/config_diff.h
// What differs between two configurations, key by key. Pure. Secrets are never in it: only that they differ.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::ctl {

struct Difference {
  enum class Kind { Added, Removed, Changed } kind = Kind::Changed;
  std::string path;           // "bgp.neighbours[host4].hold_time"
  std::string before, after;  // JSON of one line; kMasked in place of what is secret
};
inline constexpr std::string_view kMasked = "(secret)";

// Of two agent.json, as they are written (a key with its default is not the same as no key). Elements of
// lists go by their "name", "origin", "prefix" or "address", or by themselves; another order of them is a
// difference of the list. Errc::InvalidInput: `before` or `after` is not JSON.
[[nodiscard]] Result<std::vector<Difference>> differences(std::string_view before, std::string_view after);

// The same of two secrets' files; every value is masked, and the paths begin with "secrets.".
[[nodiscard]] Result<std::vector<Difference>> secret_differences(std::string_view before,
                                                                 std::string_view after);

// A line each: "~ path: before -> after", "+ path: after", "- path: before".
[[nodiscard]] std::string differences_text(const std::vector<Difference>& differences);
[[nodiscard]] std::string differences_json(const std::vector<Difference>& differences);

}  // namespace imrs::ctl
