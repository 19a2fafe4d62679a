// agent/web/router_sessions.h
// What the snippets for all routers have in common: the sessions by family, the remarks, the layout. Only for
// router_config*.cc. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/web_settings.h"

namespace imrs::web {

inline constexpr std::string_view kPasswordPlace = "PUT-THE-AGREED-PASSWORD-HERE";
inline constexpr int kBfdInterval = 100;  // ms, as in bgp/bird_config.cc
inline constexpr int kBfdMultiplier = 3;  // the same
inline constexpr int kLimitPause = 5;     // minutes until a session that went over its limit tries again
inline constexpr int kLimitWarning = 80;  // percent of the limit that are logged
inline constexpr std::size_t kSpare = 3;  // prefixes that the limit is above what we announce

// A family with at least one prefix and one neighbour.
struct FamilyPart {
  Family family = Family::V4;
  std::vector<std::string> prefixes;
  std::vector<WebNeighbour> neighbours;

  [[nodiscard]] char digit() const { return family == Family::V4 ? '4' : '6'; }
  [[nodiscard]] std::size_t limit() const { return prefixes.size() + kSpare; }
};

struct Sessions {
  std::string identity;
  std::uint32_t local_as = 0;
  std::vector<FamilyPart> families;

  // `wanted` is a predicate of a neighbour.
  [[nodiscard]] bool any(auto wanted) const {
    return std::ranges::any_of(
        families, [&](const FamilyPart& part) { return std::ranges::any_of(part.neighbours, wanted); });
  }
};

// The ASes of the host's routers, each once. One is what is usual; two are two routers.
[[nodiscard]] std::vector<std::uint32_t> host_ases(const Sessions& sessions);

// What is to be known with any router: lines without the marks of a comment.
[[nodiscard]] std::string remarks(const Sessions& sessions);
[[nodiscard]] std::string description(const Sessions& sessions, const WebNeighbour& neighbour);

// Each line of `text` with `prefix` before it.
[[nodiscard]] std::string prefixed_lines(std::string_view prefix, std::string_view text);
// HEAD { BODY }, the body's lines indented by four.
[[nodiscard]] std::string block(std::string_view head, std::string_view body, std::string_view end = "}\n");

[[nodiscard]] std::string bird_snippet(const Sessions& sessions);
[[nodiscard]] std::string frr_snippet(const Sessions& sessions);
[[nodiscard]] std::string junos_snippet(const Sessions& sessions);
[[nodiscard]] std::string ios_xr_snippet(const Sessions& sessions);

}  // namespace imrs::web
