// agent/site/firewall.h
// The machine's nftables rules, made from agent.json. Pure: the same configuration gives the same text.
#pragma once

#include <string>

#include "agent/config/config.h"

namespace imrs::site {

// A script for `nft -f`, of nftables 1.0.6 and later: replaces the table "inet imrs" in one transaction, so
// that at no time there is none or half of one, and touches no other table. Holds no secret. What it lets in
// and out, and why, is said in the text itself. Others find the counters by the comments of the rules
// (agent/preflight/): those are not to be changed lightly.
[[nodiscard]] std::string firewall_rules(const Config& config);

}  // namespace imrs::site
