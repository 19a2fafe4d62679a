// agent/preflight/look_system.h
// What is installed: BIRD, users, files.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/preflight/bgp_points.h"
#include "agent/preflight/system_points.h"

namespace imrs::preflight {

// What a program writes, to whichever output, until it closes them; waits two seconds at most, takes 256 kiB
// at most. `command`: its file name and its arguments. The environment is empty.
[[nodiscard]] Result<std::string> said_by(const std::vector<std::string>& command);

// The first line of `program --version`.
[[nodiscard]] Result<std::string> version_said_by(const std::string& program);

// "active", "activating", "inactive", "failed" and the others that systemd has, as `manager is-active UNIT`
// says it; empty: it says none of them, for systemd or the program is not there.
[[nodiscard]] std::string unit_state(const std::string& manager, const std::string& unit);

// Of `nft -j list tables inet`: whether the firewall's is among them. Nothing: it is another text. Pure.
[[nodiscard]] std::optional<bool> has_our_table(std::string_view nft_json);

// Of `nft -j list chain inet imrs early`. Nothing: it is another text. Pure.
[[nodiscard]] std::optional<ForgedSeen> forged_seen(std::string_view nft_json);

// Those of the package. `config`: whose ids count for the programs instead of the names'; null: the names'.
[[nodiscard]] std::vector<User> look_at_users(const Config* config);

// The configuration, what it names as secret, what replacing these has left beside them (FILE.previous, and
// of one that was cut off FILE.before and others), and the trust anchors, which others must not write. Each
// with who has to read it when it no longer is root: imrs-agent configuration and secrets (an upgrade in
// place), imrs-web the TLS key, imrs-zone and imrs-audit the anchors. `config`: null if it could not be read.
[[nodiscard]] std::vector<FileSeen> look_at_files(const std::string& config_path, const Config* config);

}  // namespace imrs::preflight
