// Rotations. Called by `imrsctl rotate` and `rollback`. A rotation must never stand half: files and programs
// go together, or everything stays.
#include "agent/remote/rotation.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"
#include "agent/remote/certificate.h"
#include "agent/remote/secrets_edit.h"
#include "agent/web/text.h"

namespace imrs::remote {
namespace {

constexpr std::size_t kMostPem = 1U << 20;  // octets of a file

std::string utc(std::int64_t seconds) { return web::utc_text(seconds * 1000); }

Result<TlsConfig> tls_of(const Config& config) {
  if (config.web.tls) return *config.web.tls;
  return Error{Errc::InvalidInput, "agent.json has no \"web.tls\": there is no certificate to replace"};
}

// As they are after the change.
Result<Anchors> changed(const Anchors& current, const AnchorChange& change, std::string_view input,
                        const wire::Name& origin) {
  if (change.kind == AnchorChange::Kind::Remove) return with_removed(current, change.tag, origin);
  const auto fresh = parse_anchors(input, "standard input");
  if (!fresh) return fresh.error();
  return change.kind == AnchorChange::Kind::Add ? with_added(current, *fresh, origin)
                                                : with_replaced(current, *fresh, origin);
}

// Each of them, though one fails; then the first error.
template <class Each>
Result<void> for_all(std::size_t count, const Each& each) {
  Result<void> out;
  for (std::size_t i = 0; i < count; ++i) {
    if (auto done = each(i); !done && out) out = done;
  }
  return out;
}

FileReader web_of(const Config& config) { return {config.users.web_uid, config.users.web_gid}; }

// `undone`: how it went to put the files back. `again`: what the programs that were told of the new ones need
// to have the old ones again.
Error took_back(const Error& why, const Result<void>& undone, Activation again, const Activate& activate) {
  if (!undone) {
    return why.within("it could not be put into effect, and the files could not be put back (" +
                      undone.error().message + "): look at them and their .previous");
  }
  const auto told = again == Activation::None ? Result<void>() : activate(again);
  if (told) return why.within("it could not be put into effect, and all files are as they were");
  const bool same = told.error().message == why.message;
  return why.within(
      "it could not be put into effect, and all files are as they were; telling the programs so has failed "
      "too (" +
      (same ? "for the same reason" : told.error().message) +
      "), so they may use what was taken back until the agent is upgraded and imrs-bird reloaded");
}

}  // namespace

Result<Rotation> plan_tsig_key(std::string_view agent_json, std::string_view secrets, const std::string& key,
                               std::string_view input) {
  const auto file = secrets_file_of(agent_json);
  if (!file) return file.error();
  const auto secret = secret_of(input);
  if (!secret) return secret.error();
  auto text = with_tsig_secret(agent_json, secrets, key, *secret);
  if (!text) return text.error();
  return Rotation{
      .files = {{*file, std::move(*text)}},
      .activation = Activation::Upgrade,
      .text = fmt::format("{} has a new secret; until the primaries have it too they cannot be asked, "
                          "and what is served is served on",
                          key)};
}

Result<Rotation> plan_bgp_password(std::string_view agent_json, std::string_view secrets,
                                   const std::string& neighbour, std::string_view input) {
  const auto file = secrets_file_of(agent_json);
  if (!file) return file.error();
  const auto password = secret_of(input);
  if (!password) return password.error();
  auto text = with_bgp_password(agent_json, secrets, neighbour, *password);
  if (!text) return text.error();
  return Rotation{
      .files = {{*file, std::move(*text)}},
      .activation = Activation::ReloadBird,
      .text = fmt::format("{} has a new password, and its session has been ended; it comes back when "
                          "the host's router has the password too. The other sessions stay, their "
                          "routes were away for a moment",
                          neighbour)};
}

Result<Rotation> plan_certificate(const Config& config, std::string_view input, std::int64_t now) {
  const auto tls = tls_of(config);
  if (!tls) return tls.error();
  auto identity = read_server_identity(input, now);
  if (!identity) return identity.error();
  Rotation out{.files = {},
               .activation = Activation::None,
               .text = fmt::format("{}, until {}; new connections use it within ten seconds",
                                   identity->subject, utc(identity->not_after))};
  if (tls->key == tls->certificate) {
    out.files = {{tls->certificate, identity->certificate + identity->key, web_of(config)}};
  } else {
    out.files = {{tls->key, std::move(identity->key), web_of(config)},
                 {tls->certificate, std::move(identity->certificate), web_of(config)}};
  }
  return out;
}

Result<Rotation> plan_client_ca(const Config& config, std::string_view input, std::int64_t now) {
  const auto tls = tls_of(config);
  if (!tls) return tls.error();
  auto authorities = read_client_authorities(input, now);
  if (!authorities) return authorities.error();
  return Rotation{
      .files = {{tls->client_ca, std::move(authorities->certificates), web_of(config)}},
      .activation = Activation::None,
      .text = fmt::format("{} by which clients are known, the first until {}; new connections go by "
                          "them within ten seconds",
                          web::count_text(authorities->count, "certificate", "certificates"),
                          utc(authorities->not_after))};
}

Result<std::string> mend_certificate(const TlsConfig& tls) {
  if (tls.key == tls.certificate) return std::string();
  const auto key = read_regular_file(tls.key, kMostPem),
             certificate = read_regular_file(tls.certificate, kMostPem);
  if (!key || !certificate || belong_together(*certificate, *key)) return std::string();
  const auto key_before = read_regular_file(previous_of(tls.key), kMostPem),
             certificate_before = read_regular_file(previous_of(tls.certificate), kMostPem);
  const std::string* strange = nullptr;
  if (key_before && belong_together(*certificate, *key_before)) {
    strange = &tls.key;
  } else if (certificate_before && belong_together(*certificate_before, *key)) {
    strange = &tls.certificate;
  }
  if (strange == nullptr) return std::string();
  if (is_unsettled(*strange)) {
    if (auto back = put_back(*strange, Before::There); !back) return back.error();
    return fmt::format(
        "a change of the certificate was cut off before its end: {} is again what was there before, so that "
        "key and certificate belong together",
        *strange);
  }
  // Not put back: after half a rollback the .previous is wanted again.
  if (auto done = exchange_with_previous(*strange); !done) return done.error();
  return fmt::format(
      "a change of the certificate was cut off before its end: {} and its .previous have been "
      "exchanged, so that key and certificate belong together",
      *strange);
}

Result<std::string> anchors_file_of(const Config& config, const std::string& origin,
                                    const std::string& directory) {
  const auto zone = std::ranges::find(config.zones, origin, &ZoneConfig::origin);
  if (zone == config.zones.end()) {
    return Error{Errc::InvalidInput, "there is no zone " + origin + "; see imrsctl zone"};
  }
  if (zone->trust_anchors.empty()) {
    return Error{Errc::InvalidInput, origin + " is not verified by DNSSEC: it has no trust anchors"};
  }
  if (zone->trust_anchors.size() > 1) {
    return Error{Errc::InvalidInput,
                 fmt::format("{} has {} files of trust anchors; put them into one, with imrsctl config apply",
                             origin, zone->trust_anchors.size())};
  }
  const std::string& file = zone->trust_anchors.front();
  if (file.starts_with(directory + "/") && file.find("/.") == std::string::npos) return file;
  return Error{
      Errc::InvalidInput,
      fmt::format("{} is not below {}, and so not this appliance's to change; copy it there and name the "
                  "copy in agent.json",
                  file, directory)};
}

Result<Rotation> plan_anchors(const std::string& file, std::string_view current, const AnchorChange& change,
                              std::string_view input, const std::string& origin,
                              const std::optional<zone::RRset>& served, std::int64_t now) {
  const auto name = wire::Name::parse(origin);
  if (!name) return name.error();
  const auto before = parse_anchors(current, file);
  if (!before) return before.error();
  const auto after = changed(*before, change, input, *name);
  if (!after) return after.error();
  std::string text = "the anchors were not compared with what is served";
  if (served) {
    const auto fit = anchors_fit(*after, *name, *served, now);
    if (!fit && change.kind != AnchorChange::Kind::Add) return fit.error();
    text = fit ? *fit : "the new anchor is there, and none of them knows what is served now";
  }
  return Rotation{
      .files = {{file, anchors_text(*after), kEverybody}}, .activation = Activation::Upgrade, .text = text};
}

Result<void> carry_out(const Rotation& rotation, const Activate& activate) {
  std::vector<Before> replaced;
  Result<void> done;
  for (const Rotation::File& file : rotation.files) {
    const auto before = replace_kept(file.path, file.content, file.reader);
    if (!before) done = before.error();
    if (!before) break;
    replaced.push_back(*before);
  }
  const Activation told = done ? rotation.activation : Activation::None;
  if (done) done = activate(rotation.activation);
  if (!done) {
    const auto undone = for_all(replaced.size(),
                                [&](std::size_t i) { return put_back(rotation.files[i].path, replaced[i]); });
    return took_back(done.error(), undone, told, activate);
  }
  const auto settled = for_all(replaced.size(),
                               [&](std::size_t i) { return settle(rotation.files[i].path); });
  if (settled) return {};
  return settled.error().within("it is in effect, and older files could not be removed");
}

Result<void> roll_back(const std::vector<std::string>& files, Activation activation,
                       const Activate& activate) {
  std::size_t exchanged = 0;
  Result<void> done;
  for (const std::string& file : files) {
    done = exchange_with_previous(file);
    if (!done) break;
    ++exchanged;
  }
  const Activation told = done ? activation : Activation::None;
  if (done) done = activate(activation);
  if (done) return {};
  const auto undone = for_all(exchanged, [&](std::size_t i) { return exchange_with_previous(files[i]); });
  return took_back(done.error(), undone, told, activate);
}

}  // namespace imrs::remote
