// tests/agent/remote/example_config.h
// An agent.json with a secrets' file, and that file's text.
#pragma once

#include <string>

namespace imrs::remote {

inline constexpr const char* kTsigSecret = "c2VjcmV0LXNlY3JldC1zZWNyZXQhIQ==";

// `folder`: where all files are, without a slash at its end.
inline std::string example_agent_json(const std::string& folder) {
  return R"({
    "instance": {"identity": "aa01-fr-par.l.dns.icann.org", "kind": "single", "appliance": "calypso"},
    "management": {"address": "198.51.100.2"},
    "bgp": {"router_id": "192.0.2.1", "neighbours": [
      {"name": "host4", "address": "192.0.2.2", "source": "192.0.2.1", "as": 64500},
      {"name": "host6", "address": "2001:db8::2", "source": "2001:db8::1", "as": 64500,
       "password": "inside"}]},
    "tsig_keys": [{"name": "imrs-lab.", "algorithm": "hmac-sha256"}],
    "zones": [{"origin": ".", "primaries": [{"address": "198.51.100.1", "key": "imrs-lab."}],
               "trust_anchors": [")" +
         folder + R"(/anchors/root.ds"]},
              {"origin": "arpa.", "primaries": [{"address": "198.51.100.1", "key": "imrs-lab."}],
               "trust_anchors": ["/usr/share/dns/root.ds"]},
              {"origin": "example.", "primaries": [{"address": "198.51.100.1", "key": "imrs-lab."}],
               "trust_anchors": [")" +
         folder + R"(/anchors/a", ")" + folder + R"(/anchors/b"]},
              {"origin": "plain.", "dnssec": "none",
               "primaries": [{"address": "198.51.100.1", "key": "imrs-lab."}]}],
    "web": {"ops": ["198.51.100.2:9053"],
            "tls": {"certificate": ")" +
         folder + R"(/tls/server.pem", "key": ")" + folder + R"(/tls/server.key",
                    "client_ca": ")" +
         folder + R"(/tls/ca.pem"}},
    "state_directory": ")" +
         folder + R"(/state",
    "secrets_file": ")" +
         folder + R"(/secrets.json",
    "users": {"agent": "64001:64001", "launcher": "64002:64002", "engine": "64003:64003",
              "zone": "64004:64004", "web": "64005:64005", "audit": "64007:64007"}
  })";
}

inline std::string example_secrets() {
  return R"({"source_key": "00112233445566778899aabbccddeeff",
             "tsig_secrets": {"imrs-lab.": ")" +
         std::string(kTsigSecret) + R"("}, "bgp_passwords": {"host4": "agreed"}})";
}

}  // namespace imrs::remote
