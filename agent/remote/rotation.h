// agent/remote/rotation.h
// What replacing a trust anchor, a secret or a certificate means: which files get which text, and what makes
// the running programs use it. The planning is pure; carry_out() does it, and takes it back if it has no
// effect.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "agent/remote/anchors.h"
#include "agent/remote/kept_file.h"

namespace imrs::remote {

enum class Activation : std::uint8_t {
  None,            // imrs-web looks at its files by itself
  Upgrade,         // the agent becomes itself anew, in place: its children are started with the new files
  ReloadBird,      // BIRD reads its configuration anew, made of the new secrets
  UpgradeAndBird,  // both
};

struct Rotation {
  struct File {
    std::string path, content;
    std::optional<FileReader> reader = std::nullopt;  // who must be able to read it
  };
  std::vector<File> files;
  Activation activation = Activation::None;
  std::string text;  // what it comes to, for people; no secret
};

// `input` of each: what came on standard input. `agent_json`, `secrets`: texts of the two files.
[[nodiscard]] Result<Rotation> plan_tsig_key(std::string_view agent_json, std::string_view secrets,
                                             const std::string& key, std::string_view input);
[[nodiscard]] Result<Rotation> plan_bgp_password(std::string_view agent_json, std::string_view secrets,
                                                 const std::string& neighbour, std::string_view input);
[[nodiscard]] Result<Rotation> plan_certificate(const Config& config, std::string_view input,
                                                std::int64_t now);
[[nodiscard]] Result<Rotation> plan_client_ca(const Config& config, std::string_view input, std::int64_t now);

// Of a change of the certificate that was cut off between key and certificate: if the two do not belong
// together, but one of them and the .previous of the other do, puts that other one back, or, if it is not
// known to be of a replacement, exchanges it with its .previous; so the pair is whole before the next change.
// Gives what it did, in words; empty: nothing.
[[nodiscard]] Result<std::string> mend_certificate(const TlsConfig& tls);

struct AnchorChange {
  enum class Kind : std::uint8_t { Replace, Add, Remove } kind = Kind::Replace;
  std::uint16_t tag = 0;  // Remove
};
// The zone's only file of anchors, below `directory`. Errc::InvalidInput: there is no such zone, it is not
// verified, or its anchors are elsewhere or in several files; the message says what to do.
[[nodiscard]] Result<std::string> anchors_file_of(const Config& config, const std::string& origin,
                                                  const std::string& directory);
// `file`, `current`: that file and its text. `served`: the zone's keys as they are served; nullopt: not to be
// compared with. Adding needs no comparison: it takes nothing away.
[[nodiscard]] Result<Rotation> plan_anchors(const std::string& file, std::string_view current,
                                            const AnchorChange& change, std::string_view input,
                                            const std::string& origin,
                                            const std::optional<zone::RRset>& served, std::int64_t now);

// Makes it effective. After an error it may be so in part, and a program that answers too late may have taken
// it.
using Activate = std::function<Result<void>(Activation)>;

// Replaces the files, keeps what was there as FILE.previous, and activates. If that fails, the files and
// their FILE.previous are as they were, the programs are told once more, and the error says so, and whether
// that failed too. Cut off at any point, it leaves what the next rotation or rollback mends and settles.
[[nodiscard]] Result<void> carry_out(const Rotation& rotation, const Activate& activate);

// Exchanges each of the files, settled ones, with its .previous, and activates; the same again if that fails.
[[nodiscard]] Result<void> roll_back(const std::vector<std::string>& files, Activation activation,
                                     const Activate& activate);

}  // namespace imrs::remote
