// Fills the secrets' file. Called by `imrsctl setup`. It must never put a value into an error or a list.
#include "agent/site/site_secrets.h"

#include <algorithm>

#include "agent/config/secrets.h"

namespace imrs::site {
namespace {

constexpr const char* kGiven = "the secrets that are given";
constexpr std::size_t kOctets = 16;  // of what is made
// Of the right form, and no secret.
constexpr const char* kPlainHex = "00000000000000000000000000000000";
constexpr const char* kPlainBase64 = "AAAAAAAAAAAAAAAAAAAAAA==";
constexpr const char* kPlainPassword = "password";

Result<Secrets> parse_optional(const std::optional<std::string>& text, const char* what) {
  if (!text) return Secrets();
  auto secrets = parse_secrets(*text);
  if (!secrets) return secrets.error().within(what);
  return secrets;
}

using Entries = std::map<std::string, std::string>;

// The paths of those that are not among `wanted`.
std::vector<std::string> strangers(const Entries& entries, const std::vector<std::string>& wanted,
                                   const std::string& section) {
  std::vector<std::string> out;
  for (const auto& entry : entries) {
    if (std::ranges::count(wanted, entry.first) == 0) out.push_back(section + "." + entry.first);
  }
  return out;
}

std::vector<std::string> strangers(const Secrets& secrets, const SecretsWanted& wanted) {
  std::vector<std::string> out = strangers(secrets.bgp_passwords, wanted.neighbours, "bgp_passwords");
  const auto keys = strangers(secrets.tsig_secrets, wanted.keys, "tsig_secrets");
  out.insert(out.end(), keys.begin(), keys.end());
  if (!secrets.cookie_secrets.empty() && !wanted.cookies) out.emplace_back("cookie_secrets");
  return out;
}

Error belongs_to_nothing(const std::vector<std::string>& paths) {
  Complaints complaints;
  for (const std::string& path : paths) {
    complaints.add(path, "belongs to nothing in the site sheet; remove it, or mend its name");
  }
  return complaints.error().within(kGiven);
}

const std::string* find(const Entries& entries, const std::string& name) {
  const auto found = entries.find(name);
  return found == entries.end() || found->second.empty() ? nullptr : &found->second;
}

struct Sources {
  const Secrets &given, &before;
  const std::function<std::string(std::size_t)>& random;
};

// `section` of the file, for each of `names`; made only if `can_make`.
Json filled(const std::vector<std::string>& names, Entries Secrets::*section, const std::string& path,
            const Sources& from, bool can_make, FilledSecrets& out) {
  Json json = Json::object();
  for (const std::string& name : names) {
    const std::string* known = find(from.given.*section, name);
    if (known == nullptr) known = find(from.before.*section, name);
    const std::string made = known == nullptr && can_make && from.random ? from.random(kOctets) : "";
    json[name] = known == nullptr ? made : *known;
    if (known == nullptr)
      (made.empty() ? out.missing : out.made).push_back(std::string(path).append(".").append(name));
  }
  return json;
}

Json filled_cookies(const Sources& from, FilledSecrets& out) {
  if (!from.given.cookie_secrets.empty()) return from.given.cookie_secrets;
  if (!from.before.cookie_secrets.empty()) return from.before.cookie_secrets;
  const std::string made = from.random ? from.random(kOctets) : "";
  (made.empty() ? out.missing : out.made).emplace_back("cookie_secrets");
  return made.empty() ? Json::array() : Json::array({made});
}

// Every empty place gets a value of the right form.
Json with_placeholders(Json secrets) {
  const auto fill = [&](const char* section, const char* value) {
    if (!secrets.contains(section)) return;
    for (auto& entry : secrets[section]) {
      if (entry.get_ref<const std::string&>().empty()) entry = value;
    }
  };
  fill("bgp_passwords", kPlainPassword);
  fill("tsig_secrets", kPlainBase64);
  if (secrets.contains("cookie_secrets") && secrets["cookie_secrets"].empty()) {
    secrets["cookie_secrets"] = Json::array({kPlainHex});
  }
  return secrets;
}

}  // namespace

Result<FilledSecrets> fill_secrets(const SecretsWanted& wanted, const SecretSources& sources) {
  const auto given = parse_optional(sources.given, kGiven);
  if (!given) return given.error();
  const auto before = parse_optional(sources.before, "the secrets that were there");
  if (!before) return before.error();
  if (const auto wrong = strangers(*given, wanted); !wrong.empty()) return belongs_to_nothing(wrong);
  FilledSecrets out;
  out.dropped = strangers(*before, wanted);
  const Sources from{.given = *given, .before = *before, .random = sources.random};
  Json json;
  json["bgp_passwords"] = filled(wanted.neighbours, &Secrets::bgp_passwords, "bgp_passwords", from, true,
                                 out);
  json["tsig_secrets"] = filled(wanted.keys, &Secrets::tsig_secrets, "tsig_secrets", from, false, out);
  if (wanted.cookies) json["cookie_secrets"] = filled_cookies(from, out);
  const std::string& source_key = given->source_key.empty() ? before->source_key : given->source_key;
  if (!source_key.empty()) json["source_key"] = source_key;
  out.has_source_key = !source_key.empty();
  out.json = json.dump(2) + "\n";
  return out;
}

Result<void> check_together(const std::string& agent_json, const std::string& secrets_json) {
  auto secrets = parse_json(secrets_json);
  if (!secrets) return secrets.error();
  const auto config = parse_config(agent_json, with_placeholders(std::move(*secrets)).dump());
  return config ? Result<void>() : config.error();
}

std::string placeholder_secrets(const SecretsWanted& wanted) {
  Json json = Json::object();
  for (const std::string& name : wanted.neighbours) json["bgp_passwords"][name] = "";
  for (const std::string& name : wanted.keys) json["tsig_secrets"][name] = "";
  if (wanted.cookies) json["cookie_secrets"] = Json::array();
  return with_placeholders(json).dump();
}

}  // namespace imrs::site
