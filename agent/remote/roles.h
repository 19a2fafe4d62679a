// agent/remote/roles.h
// What the holder of a key may have done on the appliance: a table, and the one function that reads it. Pure.
//
// Nothing is allowed that is not in the table: not --socket, not the name of a file (files come on standard
// input), not a second command. Why some are not in it, or not everybody's:
//   setup         makes a configuration before there is one; later `config apply` does it, which goes back by
//                 itself if the routes do not
//   decommission  cannot be undone: one key, lost or mistaken, must not be able to end a site
//   rssac002-merge, manual, completion
//                 are about files or the local shell, and need no appliance
//   config diff   is the operator's, though it changes nothing: the file that it is given names others, which
//                 are read with root's rights
//   preflight --store
//                 is the operator's: it replaces the report that the ops page shows
//   audit-log     is the operator's, for it holds people's names and addresses, and an observer's key is
//                 often a machine's
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::remote {

enum class Role : std::uint8_t { Observer, Operator };  // each may what those before it may
[[nodiscard]] Result<Role> parse_role(std::string_view text);
[[nodiscard]] std::string_view to_string(Role role);

// What a word of a command line may be. Each is checked here, however imrsctl would check it.
enum class Kind : std::uint8_t {
  None,       // there is no such word
  Flag,       // an option without a value
  Selector,   // v4, v6, ipv4, ipv6, or a neighbour's name
  Neighbour,  // [a-z][a-z0-9_]*, at most 32
  Name,       // a domain name of letters, digits, - and _; or a dot alone
  Word,       // [a-z][a-z-]*, at most 32
  Count,      // 1 to 3600
  Tag,        // 0 to 65535: of a key
  Seconds,    // 1 to 3600
  Time,       // 2026-11-27T12:00:00Z, +90m
  Text,       // printable, at most 200 octets
  Program,    // a file below kPrograms
  Dash        // "-": standard input
};
inline constexpr std::string_view kPrograms = "/usr/lib/imrs/";

enum class Effect : std::uint8_t {
  Looks,    // changes nothing: goes on with a warning if its use cannot be written down
  Changes,  // does not go on if its use can be written down nowhere
  Urgent    // changes what is announced, and must not wait for a full disk: as Looks
};

struct OptionRule {
  std::string_view name;  // "--reason"
  Kind kind = Kind::None;
  bool required = false;
  Role least = Role::Observer;  // of those who may use the command
};

struct CommandRule {
  std::string_view words;  // one, or two with a blank between them
  Role least = Role::Operator;
  Effect effect = Effect::Changes;
  bool input = false;          // standard input goes to it; else it has none
  bool config = false;         // it takes --config, which names the file that `imrsctl remote` has
  std::array<Kind, 2> places;  // of the words behind it that are no options
  std::size_t needed = 0;      // so many of them at least
  std::array<OptionRule, 5> options;
};

[[nodiscard]] std::span<const CommandRule> commands();

// What may be done, ready to be done.
struct Call {
  const CommandRule* rule = nullptr;
  std::vector<std::string> words;  // for imrsctl, without a program's name; options as --name=value
};

// `words`: of shell_words(); the first may be "imrsctl". Errc::Refused: this role may not;
// Errc::InvalidInput: it is no such command, or not used rightly. Neither holds a word that could be a
// secret.
[[nodiscard]] Result<Call> authorize(Role role, const std::vector<std::string>& words);

// For the audit log, of a line that was refused: who types a secret where it does not belong shall not have
// it kept. Behind "rotate" and what it rotates everything is "***", elsewhere what looks like a key: 16
// octets or more of base64 or hexadecimal. At most 300 octets; of printable ASCII, else "?".
[[nodiscard]] std::string masked(std::string_view line);

// A line for each command of the role.
[[nodiscard]] std::string commands_text(Role role);

}  // namespace imrs::remote
