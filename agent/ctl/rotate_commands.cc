// imrsctl rotate and rollback. Called by main, by way of commands.cc. A secret must never be an argument of a
// program, for everybody on the machine can read those.
#include "agent/ctl/rotate_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "agent/base/directory.h"
#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"
#include "agent/config/config.h"
#include "agent/ctl/config_apply.h"
#include "agent/ctl/config_effects.h"
#include "agent/ctl/config_files.h"
#include "agent/ctl/signals.h"
#include "agent/remote/certificate.h"
#include "agent/remote/dnskey_question.h"
#include "agent/remote/kept_file.h"
#include "agent/remote/rotation.h"
#include "agent/remote/run_program.h"
#include "agent/remote/secrets_edit.h"

namespace imrs::ctl {
namespace {

using remote::Activation;
using remote::AnchorChange;
using remote::Rotation;

constexpr std::size_t kMostInput = 256U << 10;  // octets
constexpr std::size_t kMostFile = 1U << 20;
constexpr const char* kAgentUnit = "imrs-agent.service";
constexpr const char* kBirdUnit = "imrs-bird.service";

struct Settings {
  std::string config = "/etc/imrs/agent.json";
  std::string manager = "/usr/bin/systemctl";
  std::string what, name, zone = ".";
  bool add = false, unchecked = false, restart = false;
  std::optional<std::uint16_t> remove;
};

Result<std::string> read_input() {
  if (::isatty(STDIN_FILENO) == 1) {
    return Error{Errc::InvalidInput,
                 "what is new comes on standard input, so that it is in no list of processes and no shell's "
                 "history: imrsctl rotate ... < FILE"};
  }
  return read_regular_file(UniqueFd(::dup(STDIN_FILENO)), "standard input", kMostInput);
}

// The file may be made by this.
Result<std::string> read_or(const std::string& path, const std::string& fallback) {
  auto text = read_regular_file(path, kMostFile);
  if (!text && text.error().code == Errc::Unavailable) return fallback;
  return text;
}

Result<void> run(const std::string& program, const std::vector<std::string>& words) {
  const auto status = remote::run_program(program, words, {.outlives = true});
  if (!status) return status.error();
  if (*status == 0) return {};
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return Error{Errc::Refused, fmt::format("{} has ended with {}; what it said is above", line, *status)};
}

Result<void> activate(const Options& options, const Settings& settings, Activation activation) {
  const bool agent = activation == Activation::Upgrade || activation == Activation::UpgradeAndBird;
  const bool bird = activation == Activation::ReloadBird || activation == Activation::UpgradeAndBird;
  if (agent && settings.restart) {
    if (auto done = run(settings.manager, {"systemctl", "restart", kAgentUnit}); !done) return done;
  } else if (agent) {
    auto done = run("/proc/self/exe", {"imrsctl", "--socket", options.socket, "upgrade"});
    if (!done) {
      return Error{done.error().code,
                   done.error().message + "; an appliance that serves nothing yet takes --restart instead"};
    }
  }
  return bird ? run(settings.manager, {"systemctl", "reload", kBirdUnit}) : Result<void>();
}

Result<std::optional<zone::RRset>> served_keys(const Config& config, const Settings& settings) {
  if (settings.unchecked) return std::optional<zone::RRset>();
  const auto origin = wire::Name::parse(settings.zone);
  if (!origin) return origin.error();
  auto keys = remote::ask_dnskeys(config.service.addresses.front(), config.service.port, *origin);
  if (!keys) return keys.error();
  return std::optional(std::move(*keys));
}

Result<std::string> anchors_file(const Config& config, const Settings& settings) {
  return remote::anchors_file_of(config, settings.zone, directory_of(settings.config));
}

Result<Rotation> plan_anchors(const Config& config, const Settings& settings, const std::string& input) {
  const auto file = anchors_file(config, settings);
  if (!file) return file.error();
  const auto current = read_or(*file, "");
  if (!current) return current.error();
  const auto served = served_keys(config, settings);
  if (!served) return served.error();
  AnchorChange change;
  if (settings.add) change.kind = AnchorChange::Kind::Add;
  if (settings.remove) change = {AnchorChange::Kind::Remove, *settings.remove};
  return remote::plan_anchors(*file, *current, change, input, settings.zone, *served, std::time(nullptr));
}

Result<Rotation> plan_secret(const Settings& settings, const std::string& input) {
  const auto agent_json = read_regular_file(settings.config, kMostFile);
  if (!agent_json) return agent_json.error();
  const auto file = remote::secrets_file_of(*agent_json);
  if (!file) return file.error();
  const auto secrets = read_or(*file, "{}");
  if (!secrets) return secrets.error();
  const auto plan = settings.what == "tsig-key" ? remote::plan_tsig_key : remote::plan_bgp_password;
  return plan(*agent_json, *secrets, settings.name, input);
}

bool is_secret(const Settings& settings) {
  return settings.what == "tsig-key" || settings.what == "bgp-password";
}

Result<Rotation> plan(const Settings& settings, const std::string& input) {
  if (is_secret(settings)) return plan_secret(settings, input);
  const auto config = load_config(settings.config);
  if (!config) return config.error();
  if (settings.what == "certificate") return remote::plan_certificate(*config, input, std::time(nullptr));
  if (settings.what == "client-ca") return remote::plan_client_ca(*config, input, std::time(nullptr));
  return plan_anchors(*config, settings, input);
}

// What an apply that was cut off needs for its way back must not be replaced.
Result<void> no_trial(const Settings& settings) {
  const auto pending = ConfigChange::pending(settings.config);
  if (!pending) return pending.error();
  if (!*pending) return {};
  return Error{
      Errc::Refused,
      "a change of the configuration was cut off and goes back; it is stuck if this lasts: journalctl -u "
      "imrs-recover"};
}

// agent.json may name any file; what is changed from afar is this appliance's.
Result<void> is_own_file(const std::string& file, const Settings& settings) {
  const std::string directory = directory_of(settings.config);
  if (file.starts_with(directory + "/") && file.find("/.") == std::string::npos) return {};
  return Error{Errc::Refused,
               file + " is not below " + directory + ", and so not this appliance's to change"};
}

// What was cut off before must not cost the last key and certificate that belong together.
Result<void> mend_certificate(const TlsConfig& tls, const Settings& settings) {
  for (const std::string& file : {tls.key, tls.certificate}) {
    if (auto own = is_own_file(file, settings); !own) return own;
  }
  const auto mended = remote::mend_certificate(tls);
  if (!mended) return mended.error();
  if (!mended->empty()) print(*mended);
  return {};
}

Result<void> mend_certificate(const Settings& settings) {
  if (settings.what != "certificate") return {};
  const auto config = load_config(settings.config);
  if (!config) return config.error();
  return config->web.tls ? mend_certificate(*config->web.tls, settings) : Result<void>();
}

Result<void> check_words(const Settings& settings) {
  const bool anchors = settings.what == "trust-anchor";
  if (!anchors && (settings.add || settings.remove || settings.unchecked)) {
    return Error{Errc::InvalidInput, "--add, --remove and --unchecked are for trust-anchor only"};
  }
  if (is_secret(settings) && settings.name.empty()) {
    return Error{Errc::InvalidInput, settings.what + ": whose? give its NAME"};
  }
  if (is_secret(settings) || settings.name.empty()) return {};
  return Error{Errc::InvalidInput, settings.what + ": takes no NAME"};
}

int rotate(const Options& options, const Settings& settings) {
  if (auto right = check_words(settings); !right) return fail(right.error().message, kBadUse);
  // Before the lock: it may never end, and nobody else could do anything meanwhile.
  const auto input = settings.remove ? Result<std::string>(std::string()) : read_input();
  if (!input) return fail(input.error().message, kFailed);
  const auto lock = lock_directory(directory_of(settings.config));
  if (!lock) return fail(lock.error().message, kFailed);
  if (auto free = no_trial(settings); !free) return fail(free.error().message, kFailed);
  const auto rotation = plan(settings, *input);
  if (!rotation) return fail(rotation.error().message, kFailed);
  for (const Rotation::File& file : rotation->files) {
    if (auto own = is_own_file(file.path, settings); !own) return fail(own.error().message, kFailed);
  }
  const Signals signals;  // from here on: all of it, or none
  if (auto whole = mend_certificate(settings); !whole) return fail(whole.error().message, kFailed);
  const auto done = remote::carry_out(
      *rotation, [&](Activation activation) { return activate(options, settings, activation); });
  if (!done) return fail(done.error().message, kFailed);
  return print(rotation->text);
}

// ---- the way back -----------------------------------------------------------------------------

struct WayBack {
  std::vector<std::string> files;
  Activation activation = Activation::None;
  std::optional<remote::FileReader> reader = std::nullopt;  // who must be able to read them
};

// Of what was cut off before, the way back is not known until it is settled.
Result<std::string> read_previous(const std::string& file, const Settings& settings) {
  if (auto own = is_own_file(file, settings); !own) return own.error();
  if (auto settled = remote::settle(file); !settled) return settled.error();
  auto text = read_regular_file(previous_of(file), kMostFile);
  if (text || text.error().code != Errc::Unavailable) return text;
  return Error{Errc::Unavailable, text.error().message + ": nothing was replaced that could come back"};
}

// Nobody would see that the agent has kept some of them. If those of now are damaged nothing can be compared;
// then they are not what the agent has, either.
Result<void> are_taken(const std::string& agent_json, const std::string& now, const Config& previous,
                       const Settings& settings) {
  const auto config = parse_config(agent_json, now);
  if (settings.restart || !config) return {};
  const auto keys = effects_of(*config, previous, {}).restart;
  if (keys.empty()) return {};
  return Error{Errc::Refused,
               fmt::format("the secrets before have another {}, which the agent takes at its start only: "
                           "--restart does it, and for some seconds nothing is announced",
                           fmt::join(keys, " and "))};
}

Result<WayBack> secrets_back(const Settings& settings) {
  const auto agent_json = read_regular_file(settings.config, kMostFile);
  if (!agent_json) return agent_json.error();
  const auto file = remote::secrets_file_of(*agent_json);
  if (!file) return file.error();
  const auto previous = read_previous(*file, settings), now = read_or(*file, "{}");
  if (!previous) return previous.error();
  if (!now) return now.error();
  const auto config = parse_config(*agent_json, *previous);
  if (!config) return config.error().within("the secrets before do not fit agent.json any more");
  if (auto taken = are_taken(*agent_json, *now, *config, settings); !taken) return taken.error();
  return WayBack{
      {*file}, remote::passwords_differ(*previous, *now) ? Activation::UpgradeAndBird : Activation::Upgrade};
}

Result<WayBack> anchors_back(const Config& config, const Settings& settings) {
  const auto file = anchors_file(config, settings);
  if (!file) return file.error();
  const auto previous = read_previous(*file, settings);
  if (!previous) return previous.error();
  const auto anchors = remote::parse_anchors(*previous, "the anchors before");
  if (!anchors) return anchors.error();
  const auto served = served_keys(config, settings);
  if (!served) return served.error();
  const auto origin = wire::Name::parse(settings.zone);
  if (!origin) return origin.error();
  if (*served) {
    const auto fit = remote::anchors_fit(*anchors, *origin, **served, std::time(nullptr));
    if (!fit) return fit.error();
  }
  return WayBack{{*file}, Activation::Upgrade, remote::kEverybody};
}

Result<WayBack> certificate_back(const TlsConfig& tls, const Settings& settings) {
  const auto certificate = read_previous(tls.certificate, settings), key = read_previous(tls.key, settings);
  if (!certificate) return certificate.error();
  if (!key) return key.error();
  const bool one = tls.key == tls.certificate;
  const auto good = remote::read_server_identity(one ? *certificate : *certificate + *key,
                                                 std::time(nullptr));
  if (!good) return good.error().within("the certificate before");
  if (one) return WayBack{{tls.certificate}, Activation::None};
  return WayBack{{tls.key, tls.certificate}, Activation::None};
}

Result<WayBack> client_ca_back(const TlsConfig& tls, const Settings& settings) {
  const auto previous = read_previous(tls.client_ca, settings);
  if (!previous) return previous.error();
  return WayBack{{tls.client_ca}, Activation::None};
}

Result<WayBack> way_back(const Settings& settings) {
  if (settings.what == "secrets") return secrets_back(settings);
  const auto config = load_config(settings.config);
  if (!config) return config.error();
  if (settings.what == "trust-anchor") return anchors_back(*config, settings);
  if (!config->web.tls) return Error{Errc::InvalidInput, "agent.json has no \"web.tls\""};
  auto way = settings.what == "certificate" ? certificate_back(*config->web.tls, settings)
                                            : client_ca_back(*config->web.tls, settings);
  if (way) way->reader = remote::FileReader{config->users.web_uid, config->users.web_gid};
  return way;
}

// What nobody but root could read, as some programs make a key, must not come back so.
Result<void> let_read(const WayBack& way) {
  Result<void> done;
  for (std::size_t i = 0; way.reader && done && i < way.files.size(); ++i) {
    done = remote::let_read(previous_of(way.files[i]), *way.reader);
  }
  return done;
}

int roll_back(const Options& options, const Settings& settings) {
  const auto lock = lock_directory(directory_of(settings.config));
  if (!lock) return fail(lock.error().message, kFailed);
  if (auto free = no_trial(settings); !free) return fail(free.error().message, kFailed);
  if (auto whole = mend_certificate(settings); !whole) return fail(whole.error().message, kFailed);
  const auto way = way_back(settings);
  if (!way) return fail(way.error().message, kFailed);
  const Signals signals;
  if (auto readable = let_read(*way); !readable) return fail(readable.error().message, kFailed);
  const auto done = remote::roll_back(way->files, way->activation, [&](Activation activation) {
    return activate(options, settings, activation);
  });
  if (!done) return fail(done.error().message, kFailed);
  return print(settings.what + ": what was there before is there again; the same command undoes this");
}

// On trial, as any other configuration.
int config_back(const Options& options, const Settings& settings) {
  ApplySettings apply;
  apply.config = settings.config;
  return roll_back_config(options, apply);
}

void add_common(CLI::App& command, Settings& settings) {
  command.add_option("--zone", settings.zone, "whose trust anchors")->capture_default_str();
  command.add_flag("--unchecked", settings.unchecked, "do not compare the trust anchors with what is served");
  command.add_flag(
      "--restart", settings.restart,
      "restart the agent, which withdraws for a moment, instead of upgrading it in place: for one "
      "that serves nothing, or does not run");
  command.add_option("--config", settings.config, "the configuration file")->capture_default_str();
  command.add_option("--manager", settings.manager, "what is called like systemctl")->capture_default_str();
}

std::string absolute(std::string origin) {
  if (origin.empty() || origin.back() != '.') origin += '.';
  return origin;
}

}  // namespace

void add_rotate(CLI::App& app, Options& options, int& exit_code) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* const command = app.add_subcommand(
      "rotate",
      "put a new trust anchor, secret or certificate, from standard input, in the place of the one before, "
      "which is kept for rollback");
  command
      ->add_option("WHAT", settings->what, "trust-anchor, tsig-key, bgp-password, certificate or client-ca")
      ->required()
      ->check(CLI::IsMember({"trust-anchor", "tsig-key", "bgp-password", "certificate", "client-ca"}));
  command->add_option("NAME", settings->name, "of the TSIG key, or of the neighbour's session");
  CLI::Option* const add = command->add_flag("--add", settings->add, "keep the other trust anchors");
  command->add_option("--remove", settings->remove, "only remove the trust anchor of the key with this tag")
      ->excludes(add);
  add_common(*command, *settings);
  command->callback([&options, &exit_code, settings] {
    settings->zone = absolute(settings->zone);
    exit_code = rotate(options, *settings);
  });
}

void add_rollback(CLI::App& app, Options& options, int& exit_code) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* const command = app.add_subcommand(
      "rollback", "go back to what was there before the last rotate or config apply; again: forth");
  command->add_option("WHAT", settings->what, "trust-anchor, secrets, certificate, client-ca or config")
      ->required()
      ->check(CLI::IsMember({"trust-anchor", "secrets", "certificate", "client-ca", "config"}));
  add_common(*command, *settings);
  command->callback([&options, &exit_code, settings] {
    settings->zone = absolute(settings->zone);
    exit_code = settings->what == "config" ? config_back(options, *settings) : roll_back(options, *settings);
  });
}

}  // namespace imrs::ctl
