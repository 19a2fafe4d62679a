// Reads what is to be compared or applied. Called by config_apply.cc. Changes nothing.
#include "agent/ctl/config_candidate.h"

#include <unistd.h>

#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"
#include "agent/config/json_reader.h"
#include "agent/config/secrets.h"
#include "agent/ctl/config_files.h"
#include "agent/ctl/orders.h"

namespace imrs::ctl {
namespace {

constexpr std::size_t kMostInput = 1 << 20;
constexpr const char* kNoSecrets = "{}";

Result<std::string> read_standard_input() {
  return read_regular_file(UniqueFd(::dup(STDIN_FILENO)), "standard input", kMostInput);
}

// agent.json's "secrets_file"; empty: there is none.
std::string secrets_file_of(const std::string& agent_json) {
  const auto json = parse_json(agent_json);
  if (!json || !json->is_object()) return {};
  const auto file = json->find("secrets_file");
  return file == json->end() || !file->is_string() ? std::string() : file->get<std::string>();
}

// What that file holds; "{}" if there is none, or it cannot be read.
std::string secrets_of(const std::string& agent_json) {
  const std::string file = secrets_file_of(agent_json);
  const auto secrets = file.empty() ? Result<std::string>(kNoSecrets) : read_small_file(file);
  return secrets ? *secrets : kNoSecrets;
}

Result<Config> parse_new(const NewFiles& files, const std::string& name) {
  auto config = files.secrets ? parse_config(files.json, *files.secrets)
                              : parse_with_secrets_file(files.json);
  if (config && files.secrets && config->secrets_file.empty()) {
    return Error{Errc::InvalidInput, name + ": secrets_file: is missing; there is no place for new secrets"};
  }
  return config ? config : config.error().within(name);
}

Result<std::vector<Difference>> compare(const NewFiles& files, const std::string& before) {
  auto found = differences(before, files.json);
  if (!found) return found;
  const auto secret = secret_differences(secrets_of(before),
                                         files.secrets ? *files.secrets : secrets_of(files.json));
  if (!secret) return secret.error().within("the secrets");
  found->insert(found->end(), secret->begin(), secret->end());
  return found;
}

// Of one that nobody takes it is not known what it did: everybody is told.
Effects all_effects() {
  return {.agent = true,
          .restart = {"what is there is no configuration"},
          .bird = true,
          .firewall = true,
          .access = true};
}

// Whatever else is wrong with the one that is there.
bool moves_state(const std::string& config, const Config& after) {
  const auto before = state_directory_of(config);
  return before && !before->empty() && *before != after.state_directory;
}

Error state_moved() {
  return Error{
      Errc::Refused,
      "state_directory: cannot be changed, for what was ordered, and the image that is served, would "
      "stay behind, and the units of the package write below /var/lib/imrs alone; to use another "
      "disk, mount it there while the appliance is stopped"};
}

}  // namespace

Result<std::string> read_secrets_argument(const std::string& file) {
  return file == "-" ? read_standard_input() : read_secrets_file(file);
}

std::string previous_secrets_for(const std::string& previous) {
  const auto json = read_small_file(previous);
  if (!json || parse_config(*json, secrets_of(*json))) return {};
  const std::string file = secrets_file_of(*json);
  const auto secrets = file.empty() ? Result<std::string>(kNoSecrets) : read_small_file(previous_of(file));
  return secrets && parse_config(*json, *secrets) ? previous_of(file) : "";
}

Result<NewFiles> read_new_files(const ApplySettings& settings) {
  if (settings.next == "-" && settings.secrets == "-") {
    return Error{Errc::InvalidInput, "standard input can be one of the two only; give a file for the other"};
  }
  auto next = settings.next == "-" ? read_standard_input() : read_small_file(settings.next);
  if (!next) return next.error();
  NewFiles out;
  out.json = std::move(*next);
  if (!settings.secrets.empty()) {
    auto secrets = read_secrets_argument(settings.secrets);
    if (!secrets) return secrets.error();
    out.secrets = std::move(*secrets);
  }
  return out;
}

Result<Candidate> compare_with_present(const ApplySettings& settings, NewFiles files) {
  const auto before = read_small_file(settings.config);
  if (!before) return before.error();
  auto found = compare(files, *before);
  if (!found) return found.error();
  Candidate out;
  out.differences = std::move(*found);
  out.before = load_config(settings.config);
  out.after = parse_new(files, settings.next == "-" ? "standard input" : settings.next);
  out.files = std::move(files);
  if (out.after && moves_state(settings.config, *out.after)) out.after = state_moved();
  if (!out.after) return out;
  out.effects = out.before ? effects_of(*out.before, *out.after, out.differences) : all_effects();
  return out;
}

}  // namespace imrs::ctl
