// agent/web/router_config.h
// What the host has to tell its router about the sessions with this appliance, in the words of four routers.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config/web_settings.h"

namespace imrs::web {

struct RouterSnippet {
  std::string_view router;  // "BIRD 2", "FRR", "Junos", "IOS XR"; lives as long as the program
  std::string text;         // ASCII, to be pasted; not escaped for HTML
};

// One snippet for each router, in that order, or none at all if there is nothing to say. They are written
// from the host's side: its router is `address` and `as` of each neighbour, the appliance `source` and
// `local_as` (the same in all neighbours). Left out is a family without a neighbour, or without a prefix.
//
// Each accepts exactly the prefixes of the family with a path of our AS alone, lowers the local preference
// of what carries GRACEFUL_SHUTDOWN (RFC 8326), announces nothing, and limits the number of prefixes. MD5
// (RFC 2385), GTSM (RFC 5082) and BFD (RFC 5882) are there where the session has them, but FRR cannot do BFD
// beside GTSM and is told so. The password is not known here: its place says to put the agreed one there.
// All names begin with IMRS (BIRD: imrs_).
[[nodiscard]] std::vector<RouterSnippet> router_snippets(const WebSettings& settings);

}  // namespace imrs::web
