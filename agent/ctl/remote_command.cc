// imrsctl remote and audit-log. Called by main, by way of commands.cc. What an SSH client has sent is taken
// apart, looked up, written down, and done by this program again, with words and no shell. It must never do
// what is not in the table, and never let a full or hung disk stand between an operator and a withdrawal.
#include "agent/ctl/remote_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <utility>

#include "agent/base/journal.h"
#include "agent/base/regular_file.h"
#include "agent/ctl/orders.h"
#include "agent/remote/audit_log.h"
#include "agent/remote/roles.h"
#include "agent/remote/rotated_name.h"
#include "agent/remote/run_program.h"
#include "agent/remote/shell_words.h"

namespace imrs::ctl {
namespace {

using remote::AuditEntry;
using remote::Effect;

constexpr std::size_t kMostFile = 1U << 20;            // octets
constexpr std::chrono::milliseconds kDiskLimit{3000};  // of writing one line down
constexpr const char* kStateDirectory = "/var/lib/imrs";

struct Settings {
  std::string role, name = "unnamed";
  std::string config = "/etc/imrs/agent.json";
  std::size_t last = 50;
};

// Also of a configuration that is not right otherwise: then above all it matters who did what.
std::string audit_directory(const std::string& config) {
  const auto directory = state_directory_of(config);
  return directory && !directory->empty() ? *directory : kStateDirectory;
}

std::int64_t now_ms() {
  using std::chrono::system_clock;
  return std::chrono::floor<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string new_id() {
  std::uint32_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number)
    number = static_cast<std::uint32_t>(::getpid());
  return fmt::format("{:08x}", number);
}

bool to_journal(const AuditEntry& entry) {
  const auto journal = Journal::connect(kJournalSocket);
  if (!journal) return false;
  const std::string text = fmt::format("audit={} name={} role={} id={} {}", entry.event, entry.name,
                                       entry.role, entry.id, remote::to_json_line(entry));
  return journal->send({.program = "imrsctl", .instance = ""}, LogLevel::Info, text) == Journal::Sent::Taken;
}

// Of one use. The journal has each line as well, first, for it does not wait for a disk.
class Trail {
 public:
  Trail(std::string config, AuditEntry entry)
      : config_(std::move(config)), directory_(audit_directory(config_)), entry_(std::move(entry)) {}

  AuditEntry& entry() { return entry_; }

  // False: written down nowhere. What is only in the journal is said, unless there is no appliance (any
  // more): a log that is made anew would hold a decommissioning up, and be left on the host's machine.
  bool write(const std::string& event) {
    entry_.event = event;
    entry_.time_ms = now_ms();
    const bool in_journal = to_journal(entry_);
    if (in_journal && ::access(config_.c_str(), F_OK) != 0 && errno == ENOENT) return true;
    const auto in_file = remote::append_audit_within(remote::audit_file_of(directory_, entry_),
                                                     remote::to_json_line(entry_), kDiskLimit);
    if (in_file) return true;
    (void)fail("warning: this use is not in the audit log: " + in_file.error().message +
                   (in_journal ? "; it is in the journal" : "; nor is it in the journal"),
               0);
    return in_journal;
  }

 private:
  std::string config_, directory_;
  AuditEntry entry_;
};

int refuse(Trail& trail, const std::string& command, const Error& error, int status = kBadUse) {
  trail.entry().command = command;
  trail.entry().note = error.message;
  (void)trail.write("refused");
  return fail(error.message, status);
}

int do_it(Trail& trail, const Options& options, const Settings& settings, const remote::Call& call) {
  const bool changes = call.rule->effect != Effect::Looks;
  if (!trail.write("begun") && call.rule->effect == Effect::Changes) {
    return fail(
        "this use can be written down nowhere, so it is not done; drain, withdraw and resume would be",
        kFailed);
  }
  std::vector<std::string> words{"imrsctl", "--socket", options.socket};
  words.insert(words.end(), call.words.begin(), call.words.end());
  if (call.rule->config) words.push_back("--config=" + settings.config);
  const auto status = remote::run_program("/proc/self/exe", words,
                                          {.input = call.rule->input, .outlives = changes});
  trail.entry().status = status ? *status : kFailed;
  if (!status) trail.entry().note = status.error().message;
  (void)trail.write("done");
  return status ? *status : fail(status.error().message, kFailed);
}

int run_remote(const Options& options, const Settings& settings) {
  // Standard error may lead nowhere by the time of the last line.
  (void)::signal(SIGPIPE, SIG_IGN);
  const auto role = remote::parse_role(settings.role);
  if (!role) return fail(role.error().message, kBadUse);
  if (!remote::is_key_name(settings.name)) {
    return fail("--as must be up to 64 letters, digits and . _ @ -", kBadUse);
  }
  const char* const sent = std::getenv("SSH_ORIGINAL_COMMAND");
  const std::string line(sent == nullptr ? "" : sent);
  AuditEntry entry;
  entry.id = new_id();
  entry.name = settings.name;
  entry.role = remote::to_string(*role);
  entry.from = remote::client_address(std::getenv("SSH_CONNECTION"));
  Trail trail(settings.config, std::move(entry));
  const auto words = remote::shell_words(line);
  if (!words) return refuse(trail, remote::masked(line), words.error());
  if (words->empty() || *words == std::vector<std::string>{"help"}) {
    return fail(fmt::format("the {}'s commands are\n{}", settings.role, remote::commands_text(*role)),
                kBadUse);
  }
  const auto call = remote::authorize(*role, *words);
  // Of the words, for with quotes within it "rotate" is not to be known in the line.
  if (!call) return refuse(trail, remote::masked(remote::quoted(*words)), call.error());
  const auto named = remote::look_up_name(*call, read_regular_file(settings.config, kMostFile));
  const std::string command = remote::written_down(*call, named);
  if (named == remote::Named::Unknown) return refuse(trail, command, remote::unknown_name(*call), kFailed);
  trail.entry().command = command;
  return do_it(trail, options, settings, *call);
}

int show_audit_log(const Options& options, const Settings& settings) {
  const std::string directory = audit_directory(settings.config);
  const auto trail = remote::read_audit_logs(directory, settings.last);
  if (!trail) return fail(trail.error().message, kFailed);
  if (trail->damaged > 0) {
    (void)fail(fmt::format("warning: the audit logs in {} have {} lines that are none; a power cut leaves "
                           "such ones",
                           directory, trail->damaged),
               0);
  }
  return print(options.json ? remote::audit_json(trail->entries) : remote::audit_text(trail->entries));
}

}  // namespace

void add_remote(CLI::App& app, Options& options, int& exit_code) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* const command = app.add_subcommand(
      "remote", "do what an SSH client asks for in SSH_ORIGINAL_COMMAND, if the role may (authorized_keys)");
  command->add_option("--role", settings->role, "observer or operator")->required();
  command->add_option("--as", settings->name, "whose key it is, for the audit log")->capture_default_str();
  command
      ->add_option("--config", settings->config,
                   "the configuration file, which names the directory of the audit log too")
      ->capture_default_str();
  command->callback([&options, &exit_code, settings] { exit_code = run_remote(options, *settings); });
}

void add_audit_log(CLI::App& app, Options& options, int& exit_code) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* const command = app.add_subcommand("audit-log", "who did what from afar, and what came of it");
  command->add_option("--last", settings->last, "so many lines")->capture_default_str();
  command->add_option("--config", settings->config, "names the directory of the audit log")
      ->capture_default_str();
  command->add_flag("--json", options.json, "as JSON");
  command->callback([&options, &exit_code, settings] { exit_code = show_audit_log(options, *settings); });
}

}  // namespace imrs::ctl
