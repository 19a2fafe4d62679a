// Rotations. Called by `imrsctl rotate` and `rollback`. A rotation must never stand half: files and programs
// go together, or everything stays.
#include "agent/remote/rotation.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/remote/certificate.h"
#include "agent/remote/kept_file.h"
#include "agent/remote/secrets_edit.h"
#include "agent/web/text.h"

namespace imrs::remote {
namespace {

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

Error took_back(const Error& why, const Result<void>& undone) {
  if (undone) return why.within("it could not be put into effect, and all files are as they were");
  return why.within("it could not be put into effect, and the files could not be put back (" +
                    undone.error().message + "): look at them and their .previous");
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
    out.files = {{tls->certificate, identity->certificate + identity->key}};
  } else {
    out.files = {{tls->key, std::move(identity->key)}, {tls->certificate, std::move(identity->certificate)}};
  }
  return out;
}

Result<Rotation> plan_client_ca(const Config& config, std::string_view input, std::int64_t now) {
  const auto tls = tls_of(config);
  if (!tls) return tls.error();
  auto authorities = read_client_authorities(input, now);
  if (!authorities) return authorities.error();
  return Rotation{
      .files = {{tls->client_ca, std::move(authorities->certificates)}},
      .activation = Activation::None,
      .text = fmt::format("{} by which clients are known, the first until {}; new connections go by "
                          "them within ten seconds",
                          web::count_text(authorities->count, "certificate", "certificates"),
                          utc(authorities->not_after))};
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
  return Rotation{.files = {{file, anchors_text(*after)}}, .activation = Activation::Upgrade, .text = text};
}

Result<void> carry_out(const Rotation& rotation, const Activate& activate) {
  std::size_t replaced = 0;
  Result<void> done;
  for (const Rotation::File& file : rotation.files) {
    done = replace_kept(file.path, file.content);
    if (!done) break;
    ++replaced;
  }
  if (done) done = activate(rotation.activation);
  if (done) return {};
  Result<void> undone;
  for (std::size_t i = 0; i < replaced; ++i) {
    if (auto back = put_back(rotation.files[i].path); !back) undone = back;
  }
  return took_back(done.error(), undone);
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
  if (done) done = activate(activation);
  if (done) return {};
  Result<void> undone;
  for (std::size_t i = 0; i < exchanged; ++i) {
    if (auto back = exchange_with_previous(files[i]); !back) undone = back;
  }
  return took_back(done.error(), undone);
}

}  // namespace imrs::remote
