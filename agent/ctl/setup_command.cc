// Writes the configuration of a new instance. Called by main, by way of commands.cc. It must never overwrite
// one unasked, nor put one in service unasked, nor print a secret.
#include "agent/ctl/setup_command.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <memory>

#include "agent/base/directory.h"
#include "agent/base/hex.h"
#include "agent/base/whole_file.h"
#include "agent/ctl/config_candidate.h"
#include "agent/ctl/config_files.h"
#include "agent/preflight/look_system.h"

namespace imrs::ctl {
namespace {

constexpr const char* kNoSourceKey =
    "secrets.json has no \"source_key\": the sources counted here cannot be merged with the fleet's";

// Those that take a configuration as soon as there is one: each tries again every ten seconds.
constexpr std::array kUnits{"imrs-agent", "imrs-bird", "imrs-firewall"};
constexpr const char* kStop = "systemctl stop imrs-agent imrs-bird imrs-firewall";

struct SetupSettings {
  std::string sheet;
  site::Places places;
  std::string secrets;
  bool generate = false, dry_run = false, force = false, go_live = false;
  std::string manager = "/usr/bin/systemctl";
  std::string of_units = "/etc/imrs";  // the directory that the units read

  [[nodiscard]] std::string config() const { return places.directory + "/agent.json"; }
  [[nodiscard]] std::string secrets_file() const { return places.directory + "/secrets.json"; }
};

struct Made {
  site::Site site;
  site::FilledSecrets secrets;
};

bool is_there(const std::string& file) { return ::access(file.c_str(), F_OK) == 0; }

// Empty if there are no random numbers.
std::string random_hex(std::size_t octets) {
  std::vector<std::uint8_t> bytes(octets);
  const bool good = ::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  return good ? hex_text(bytes) : std::string();
}

// May wait for standard input.
Result<std::string> given_secrets(const SetupSettings& settings) {
  return settings.secrets.empty() ? Result<std::string>("") : read_secrets_argument(settings.secrets);
}

Result<site::SecretSources> sources_of(const SetupSettings& settings, std::string given) {
  site::SecretSources out;
  if (!settings.secrets.empty()) out.given = std::move(given);
  if (is_there(settings.secrets_file())) {
    auto before = read_small_file(settings.secrets_file());
    if (!before) return before.error();
    out.before = std::move(*before);
  }
  if (settings.generate) out.random = random_hex;
  return out;
}

Result<Made> make(const SetupSettings& settings, std::string given) {
  const auto sheet = read_small_file(settings.sheet);
  if (!sheet) return sheet.error();
  auto site = site::read_site(*sheet, settings.places);
  if (!site) return site.error().within(settings.sheet);
  const auto sources = sources_of(settings, std::move(given));
  if (!sources) return sources.error();
  auto secrets = site::fill_secrets(site->secrets, *sources);
  if (!secrets) return secrets.error();
  if (auto good = site::check_together(site->agent_json, secrets->json); !good) return good.error();
  return Made{std::move(*site), std::move(*secrets)};
}

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return system_error(path);
}

bool is_of_units(const SetupSettings& settings) {
  std::error_code error, other;
  const auto directory = std::filesystem::weakly_canonical(settings.places.directory, error);
  const auto of_units = std::filesystem::weakly_canonical(settings.of_units, other);
  return !error && !other && directory == of_units;
}

// "imrs-agent is activating", ...: those that would take what is written. None where there is no systemd.
std::vector<std::string> at_work(const SetupSettings& settings) {
  std::vector<std::string> out;
  if (!is_of_units(settings)) return out;
  for (const char* unit : kUnits) {
    const std::string state = preflight::unit_state(settings.manager, std::string(unit) + ".service");
    if (state.empty() || state == "inactive" || state == "failed") continue;
    out.push_back(fmt::format("{} is {}", unit, state));
  }
  return out;
}

Result<void> check_at_rest(const SetupSettings& settings) {
  const auto units = at_work(settings);
  if (units.empty() || settings.go_live) return {};
  if (is_there(settings.config())) {
    return Error{Errc::Refused,
                 fmt::format("{}: it is in service, and would take what is written at its next start, on no "
                             "trial; \"imrsctl config apply\" changes it, or first: {}",
                             fmt::join(units, ", "), kStop)};
  }
  return Error{Errc::Refused,
               fmt::format("{}: within ten seconds the configuration would be in service, with its firewall "
                           "and its routes, before anybody has looked at it; first: {} (or --go-live)",
                           fmt::join(units, ", "), kStop)};
}

// The lock under which all is read and written; none, while there is nothing yet.
Result<UniqueFd> begin(const SetupSettings& settings) {
  if (!is_there(settings.places.directory)) return UniqueFd();
  auto lock = lock_directory(directory_of(settings.config()));
  if (!lock) return lock;
  if (is_there(marker_of(settings.config()))) {
    return Error{Errc::Refused, "a change of " + settings.config() +
                                    " was cut off and goes back; it is stuck if this lasts: journalctl -u "
                                    "imrs-recover"};
  }
  for (const std::string& file : {settings.config(), settings.secrets_file()}) {
    if (!is_there(file) || settings.force) continue;
    return Error{Errc::Refused,
                 file +
                     " is there; --force replaces it (its secrets are kept), and \"imrsctl config apply\" "
                     "changes a running instance"};
  }
  return lock;
}

// Secrets that are the same are no reason to lose those before: a setup that was cut off is done again.
Result<void> keep_secrets(const SetupSettings& settings, const Made& made) {
  if (!is_there(settings.secrets_file())) return {};
  const auto before = read_small_file(settings.secrets_file());
  if (!before) return before.error();
  if (*before == made.secrets.json) return {};
  return write_private(previous_of(settings.secrets_file()), *before);
}

// Nothing starts without an agent.json: it is enough that it comes last.
Result<void> write_first(const SetupSettings& settings, const Made& made) {
  if (auto directory = make_directory(settings.places.directory); !directory) return directory;
  if (auto kept = keep_secrets(settings, made); !kept) return kept;
  if (auto written = write_private(settings.secrets_file(), made.secrets.json); !written) return written;
  return write_private(settings.config(), made.site.agent_json);
}

// Two that belong together.
Result<void> write(const SetupSettings& settings, const Made& made) {
  if (!is_there(settings.config())) return write_first(settings, made);
  ConfigChange change(settings.config(), settings.secrets_file());
  Result<void> done = change.save();
  if (done) done = change.mark(std::time(nullptr), true);
  if (done) done = change.replace_secrets(made.secrets.json);
  if (done) done = change.replace_config(made.site.agent_json);
  if (done) done = change.hold();
  if (done) return change.keep_previous();
  if (change.put_back()) (void)change.unmark();  // if not, the mark stays, and the next start tries it
  return done;
}

std::vector<std::string> absent_of(const std::vector<std::string>& files) {
  std::vector<std::string> out;
  std::ranges::copy_if(files, std::back_inserter(out),
                       [](const std::string& file) { return !is_there(file); });
  return out;
}

void append(std::string& text, const char* what, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) text += fmt::format("{}: {}\n", what, line);
}

std::string what_next(const SetupSettings& settings, bool complete) {
  std::string text = complete ? "nothing is missing; \"imrsctl preflight\" looks at the rest" : "";
  if (settings.dry_run || !is_of_units(settings)) return text;
  if (!text.empty()) text += "\n";
  if (!at_work(settings).empty()) return text + "it goes live within ten seconds: the units run";
  return text +
         fmt::format("it starts by: {}\n(and by a start of the machine, where these are enabled)", kStartAll);
}

int setup(const SetupSettings& settings) {
  auto given = given_secrets(settings);
  if (!given) return fail(given.error().message, kFailed);
  const auto lock = settings.dry_run ? Result<UniqueFd>(UniqueFd()) : begin(settings);
  if (!lock) return fail(lock.error().message, kFailed);
  const auto at_rest = settings.dry_run ? Result<void>() : check_at_rest(settings);
  if (!at_rest) return fail(at_rest.error().message, kFailed);
  const auto made = make(settings, std::move(*given));
  if (!made) return fail(made.error().message, kFailed);
  if (!settings.dry_run) {
    if (auto written = write(settings, *made); !written) return fail(written.error().message, kFailed);
  }
  std::string text = settings.dry_run ? made->site.agent_json : "";
  text += fmt::format("{} {} and {} for {}\n",
                      settings.dry_run ? "a dry run: not written:" : "written:", settings.config(),
                      settings.secrets_file(), made->site.identity);
  append(text, "made here, tell the other side", made->secrets.made);
  append(text, "dropped, belongs to nothing now", made->secrets.dropped);
  append(text, "note", made->site.notes);
  if (!made->secrets.has_source_key) append(text, "note", {kNoSourceKey});
  const auto missing = missing_for_start(made->site, made->secrets, absent_of(made->site.files),
                                         settings.places);
  append(text, "MISSING", missing);
  print(text + what_next(settings, missing.empty()));
  return missing.empty() ? kGood : kNotHealthy;
}

// What to do about a file that is named and not there.
std::string remedy_for(const std::string& file, const site::Site& site, const site::Places& places) {
  const std::string tls = places.directory + "/tls/";
  if (file == tls + "server.key" || file == tls + "server.pem") {
    return fmt::format(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={0} -keyout "
        "{1}server.key -out {1}server.csr && chgrp imrs-web {1}server.key && chmod 640 {1}server.key; have "
        "the request signed",
        site.identity, tls);
  }
  if (file == tls + "client-ca.pem") return "of whoever may look at the ops listener";
  if (file.starts_with(places.directory + "/anchors/root.")) {
    return "IANA's, as in Debian's /usr/share/dns/root.ds";
  }
  return "put it there";
}

}  // namespace

std::vector<std::string> missing_for_start(const site::Site& site, const site::FilledSecrets& secrets,
                                           const std::vector<std::string>& absent,
                                           const site::Places& places) {
  std::vector<std::string> out;
  for (const std::string& path : secrets.missing) {
    out.push_back(
        fmt::format("{}/secrets.json: {} is empty; the agent does not start before", places.directory, path));
  }
  for (const std::string& file : absent) {
    out.push_back(fmt::format("{} is not there: {}", file, remedy_for(file, site, places)));
  }
  return out;
}

void add_setup(CLI::App& app, Options& /*options*/, int& exit_code) {
  CLI::App* const command = app.add_subcommand(
      "setup",
      "make agent.json and the secrets' file of a site sheet; exit status 3 if something is still missing");
  const auto settings = std::make_shared<SetupSettings>();
  command->add_option("SHEET", settings->sheet, "the site sheet")->required();
  command->add_option("--directory", settings->places.directory, "where to")->capture_default_str();
  command
      ->add_option("--state-directory", settings->places.state_directory,
                   "where the instance keeps its state")
      ->capture_default_str();
  command->add_option("--secrets", settings->secrets, "the secrets, as JSON, in a file; - is standard input");
  command->add_flag("--generate", settings->generate,
                    "make those secrets that can be made here: BGP passwords, a cluster's cookie secret");
  command->add_flag("--dry-run", settings->dry_run, "print agent.json, and write nothing");
  command->add_flag("--force", settings->force, "replace what is there, which is kept as FILE.previous");
  command->add_flag("--go-live", settings->go_live,
                    "write it though imrs-agent, imrs-bird or imrs-firewall run or try to: they take it");
  command->add_option("--manager", settings->manager, "what is called like systemctl")->capture_default_str();
  command->add_option("--of-units", settings->of_units)->group("");  // for tests
  command->callback([&exit_code, settings] { exit_code = setup(*settings); });
}

}  // namespace imrs::ctl
