// agent/site/site_sheet.h
// From a small sheet about one site to the whole configuration of its instance. Pure.
//
// The sheet is JSON, and strict: an unknown key or a value that cannot be right is refused with its path. It
// holds no secret; those go into a file of their own (site_secrets.h).
//
//   {"identity": {"number": 1, "country": "fr", "city": "par"},  or a name; see IdentityParts
//    "identity_pattern": TEXT,                                   default: kIdentityPattern
//    "appliance": "calypso" or "pandora",
//    "cluster": {"member": TEXT},                                left out: a single instance
//    "management": {"address": ADDRESS, "notify_port": PORT},
//    "router_id": IPV4 ADDRESS,                                  default: the first of ours
//    "neighbours": [{"address", "source", "as", ...}],           as "bgp.neighbours", but "name" may be left
//                                                                out ("host4", "host6") and "password" says
//                                                                whether there is one (default: true)
//    "primaries": [ADDRESS or {"address", "key", "algorithm"}],  of the zones that have none of their own
//    "zones": [ORIGIN or an element of agent.json's "zones"],    default: ".", "arpa.", "root-servers.net."
//    "place": [TEXT, ...], "identity_zone": true or {"address"}, RFC 7108's, with the place in it
//    "contact": TEXT,                                            whom the host calls
//    "networks": {"icann": [NETWORK, ...], "host": [...]}, "time_servers": [ADDRESS, ...],
//    "noc_port": PORT, "ops_port": PORT,                         default: 80, 9053
//    "settings": {...}}                                          more of agent.json, laid over it (RFC 7396)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::site {

// Where things are on the machine.
struct Places {
  std::string directory = "/etc/imrs";  // of agent.json and what it names
  std::string state_directory = "/var/lib/imrs";
};

struct SecretsWanted {
  std::vector<std::string> neighbours;  // that have a password
  std::vector<std::string> keys;        // TSIG keys' names
  bool cookies = false;                 // of a cluster
};

struct Site {
  std::string identity;
  std::string agent_json;  // with a newline at its end; parse_config() takes it once the secrets are there
  SecretsWanted secrets;
  std::vector<std::string> files;  // that it names and that have to be there: anchors, certificates
  std::vector<std::string> notes;  // what is right and may not be meant
};

// Errc::InvalidInput: one line for each thing that is wrong, with its path in the sheet.
[[nodiscard]] Result<Site> read_site(std::string_view sheet_text, const Places& places);

}  // namespace imrs::site
