// imrsctl decommission. Called by main, by way of commands.cc. Everything that can be known to be in the way
// is looked at before the first step; without --yes-really or --give-up nothing is done at all. One that was
// begun goes on only where it erases: before that it is planned anew, for it may have been long ago.
#include "agent/ctl/decommission_command.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include "agent/base/directory.h"
#include "agent/base/plain_path.h"
#include "agent/base/whole_file.h"
#include "agent/ctl/client.h"
#include "agent/ctl/config_files.h"
#include "agent/ctl/orders.h"
#include "agent/decommission/check.h"
#include "agent/decommission/execute.h"
#include "agent/decommission/exported.h"
#include "agent/decommission/receipt.h"
#include "agent/remote/run_program.h"
#include "agent/snapshot/snapshot.h"
#include "agent/snapshot/standing_orders.h"
#include "agent/web/text.h"

namespace imrs::ctl {
namespace {

using decommission::Journal;

struct Settings {
  bool really = false, give_up = false;
  std::string config = "/etc/imrs/agent.json";
  std::string receipt = "/root/imrs-receipt";
  std::string journal = decommission::kJournalFile;
  std::string manager = "/usr/bin/systemctl";
  std::vector<std::string> places = decommission::kPlaces;
};

std::int64_t now_ms() {
  using std::chrono::system_clock;
  return std::chrono::floor<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string machine_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// What must outlive the erasing.
Result<void> check_outside(const std::string& option, const std::string& path,
                           const std::vector<std::string>& places) {
  if (!is_plain_path(path)) {
    return Error{Errc::InvalidInput, option + " must be a plain absolute path"};
  }
  const auto inside = std::ranges::find_if(
      places, [&](const std::string& place) { return decommission::is_inside(path, place); });
  if (inside != places.end()) {
    return Error{Errc::InvalidInput, option + " must not be in " + *inside + ", which is erased"};
  }
  if (::access(directory_of(path).c_str(), W_OK | X_OK) != 0) return system_error(option + ": " + path);
  return {};
}

// What is to be done.
struct Work {
  Journal journal;
  bool begun = false;  // before, and cut off
  std::string note;    // for people; mostly empty
};

Result<Work> work_anew(const Settings& settings, std::optional<Journal> begun) {
  if (::access(marker_of(settings.config).c_str(), F_OK) == 0) {
    return Error{Errc::Refused,
                 "a change of the configuration is on trial; wait for it, or, if it was cut off, "
                 "\"imrsctl config recover\" first"};
  }
  const auto config = load_config(settings.config);
  if (!config && begun) {
    begun->done.clear();
    return Work{.journal = std::move(*begun),
                .begun = true,
                .note = fmt::format("this is the plan of {}, for the configuration cannot be read now: {}",
                                    web::utc_text(begun->begun_ms), config.error().message)};
  }
  if (!config) return config.error();
  auto plan = decommission::make_plan(*config, settings.config, settings.places);
  if (!plan) return plan.error();
  return Work{.journal = {.plan = std::move(*plan), .begun_ms = now_ms(), .done = {}, .items = {}},
              .begun = begun.has_value(),
              .note = ""};
}

Result<Work> checked(const Settings& settings) {
  if (::geteuid() != 0)
    return Error{Errc::Refused, "must be run as root: it stops programs and erases files"};
  auto begun = decommission::load_journal(settings.journal);
  if (!begun) return begun.error();
  const bool goes_on = *begun && (*begun)->may_have_erased();
  auto work = goes_on ? Work{.journal = std::move(**begun), .begun = true, .note = ""}
                      : work_anew(settings, std::move(*begun));
  if (!work) return work;
  const decommission::Plan& plan = work->journal.plan;
  const std::pair<const char*, std::string> outside[] = {{"--journal", settings.journal},
                                                         {"--receipt", settings.receipt}};
  for (const auto& [option, path] : outside) {
    if (auto good = check_outside(option, path, plan.places); !good) return good.error();
  }
  if (::access(settings.manager.c_str(), X_OK) != 0) return system_error("--manager: " + settings.manager);
  if (auto good = decommission::check_before(plan); !good) return good.error();
  return work;
}

// ---- the hands --------------------------------------------------------------------------------

Result<std::string> order(const std::string& socket, const std::string& config, std::string_view verb) {
  if (socket.empty()) return Error{Errc::Unavailable, "agent.json has no \"control_socket\""};
  const auto request = overlay_request(verb, {}, "the appliance is decommissioned");
  if (!request) return request.error();
  const auto answer = ask_agent(socket, *request);
  if (!answer) return answer.error();
  std::string warning;
  return take_answer(*answer, config, warning);
}

bool has_drained(const DecisionState& decision) {
  return !decision.announce || decision.overlay == "drained" || decision.overlay == "withdraw";
}

Result<bool> drained(const std::string& socket) {
  const auto answer = ask_agent(socket, "status");
  if (!answer) return answer.error();
  const auto snapshot = snapshot_from_json(*answer);
  if (!snapshot) return snapshot.error();
  return std::ranges::all_of(snapshot->decisions, has_drained);
}

Result<int> manage(const std::string& manager, std::vector<std::string> words) {
  words.insert(words.begin(), "systemctl");
  return remote::run_program(manager, words, {.outlives = true});
}

// What counts is what is so then: a unit that is not installed is stopped too.
Result<void> manage_until(bool wanted, const std::string& manager, const std::string& unit,
                          const std::string& verb, const std::string& question) {
  if (auto status = manage(manager, {verb, unit}); !status) return status.error();
  const auto status = manage(manager, {"--quiet", question, unit});
  if (!status) return status.error();
  if ((*status == 0) == wanted) return {};
  return Error{Errc::Refused, fmt::format("\"{} {}\" still says {}; what was said is above", question, unit,
                                          wanted ? "no" : "yes")};
}

decommission::Hands hands_for(const decommission::Plan& plan, const Settings& settings) {
  const std::string manager = settings.manager, config = settings.config;
  const std::string agent = plan.control_socket, bird = plan.bird_socket;
  return {.order = [agent, config](std::string_view verb) { return order(agent, config, verb); },
          .drained = [agent] { return drained(agent); },
          .exported = [bird] { return decommission::exported_by_bird(bird); },
          .disable =
              [manager](const std::string& unit) {
                return manage_until(false, manager, unit, "disable", "is-enabled");
              },
          .enable =
              [manager](const std::string& unit) {
                return manage_until(true, manager, unit, "enable", "is-enabled");
              },
          .stop =
              [manager](const std::string& unit) {
                return manage_until(false, manager, unit, "stop", "is-active");
              },
          .now_ms = now_ms,
          .sleep = [](std::chrono::seconds time) { std::this_thread::sleep_for(time); },
          .say =
              [](const std::string& line) {
                (void)print(line);
                (void)std::fflush(stdout);
              }};
}

// ---- the command ------------------------------------------------------------------------------

// For everybody to read: that is what they are for.
Result<void> write_receipts(const Journal& journal, const std::string& receipt) {
  ::umask(022);
  const std::string machine = machine_name();
  const std::int64_t now = now_ms();
  const std::pair<std::string, std::string> files[] = {
      {receipt + ".txt", decommission::receipt_text(journal, machine, now)},
      {receipt + ".json", decommission::receipt_json(journal, machine, now)}};
  for (const auto& [path, text] : files) {
    auto done = write_whole(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    if (!done) return done;
  }
  return {};
}

int show(Work work, const Settings& settings) {
  Journal& journal = work.journal;
  if (journal.items.empty()) {  // no inventory yet
    auto links = decommission::list_links(journal.plan);
    if (!links) return fail(links.error().message + "; nothing was done", kFailed);
    journal.items = std::move(*links);
  }
  const char* const state = !work.begun                 ? "would be decommissioned"
                            : journal.may_have_erased() ? "is half decommissioned"
                                                        : "is half decommissioned (nothing is erased yet; "
                                                          "--give-up ends it)";
  if (!work.note.empty()) (void)print(work.note);
  (void)print(
      fmt::format("{} {}; with --yes-really these steps are taken, and the receipt is {}.txt and .json:\n{}"
                  "Nothing has been done{}.",
                  journal.plan.identity, state, settings.receipt, decommission::plan_text(journal),
                  work.begun ? " now" : ""));
  return kBadUse;
}

// Nobody else decommissions, and nobody changes the configuration. One that is continued may have erased the
// directory of that already.
struct Locks {
  UniqueFd journal, config;
};

Result<Locks> lock_both(const Settings& settings) {
  auto journal = lock_directory(directory_of(settings.journal));
  if (!journal) return journal.error();
  const std::string directory = directory_of(settings.config);
  if (::access(directory.c_str(), F_OK) != 0 && errno == ENOENT) {
    return Locks{.journal = std::move(*journal), .config = UniqueFd()};
  }
  auto config = lock_directory(directory);
  if (!config) return config.error();
  return Locks{.journal = std::move(*journal), .config = std::move(*config)};
}

std::string orders_text(const Settings& settings) {
  constexpr const char* kEnds = "\"imrsctl resume\" ends it when the agent runs";
  const auto directory = state_directory_of(settings.config);
  const auto standing = directory ? read_standing_orders(*directory)
                                  : Result<StandingOrders>(directory.error());
  if (!standing) return fmt::format("an order to drain or to withdraw may stand; {}", kEnds);
  std::vector<std::string> orders;
  for (const auto& one : standing->overlaid) orders.push_back(one.order + " of " + one.neighbour);
  if (orders.empty()) return "no order to drain or to withdraw stands";
  return fmt::format("what was ordered stands ({}); {}", fmt::join(orders, ", "), kEnds);
}

int give_up(const Settings& settings) {
  constexpr const char* kNothing = "; nothing was done";
  if (::geteuid() != 0) return fail(std::string("must be run as root") + kNothing, kFailed);
  const auto locks = lock_both(settings);
  if (!locks) return fail(locks.error().message + kNothing, kFailed);
  const auto journal = decommission::load_journal(settings.journal);
  if (!journal) return fail(journal.error().message + kNothing, kFailed);
  if (!*journal) {
    return fail(fmt::format("no decommissioning is begun: there is no {}", settings.journal), kFailed);
  }
  const auto done = decommission::give_up(**journal, settings.journal, hands_for((*journal)->plan, settings));
  if (!done) return fail(done.error().message + "; it is not given up", kFailed);
  return print(
      fmt::format("given up. What was stopped stays so until: {}\n{}", kStartAll, orders_text(settings)));
}

int decommission_it(const Settings& settings) {
  if (settings.give_up) return give_up(settings);
  auto work = checked(settings);
  if (!work) return fail(work.error().message + "; nothing was done", kFailed);
  if (!settings.really) return show(std::move(*work), settings);
  const auto locks = lock_both(settings);
  if (!locks) return fail(locks.error().message + "; nothing was done", kFailed);
  work = checked(settings);  // again: others could change it until now
  if (!work) return fail(work.error().message + "; nothing was done", kFailed);
  if (!work->note.empty()) (void)print(work->note);
  Journal& journal = work->journal;
  const auto done = decommission::execute(journal, settings.journal, hands_for(journal.plan, settings));
  if (!done) {
    return fail(done.error().message + "\nimrsctl: the same command goes on from there" +
                    (journal.may_have_erased() ? "" : ", and --give-up ends it: nothing is erased yet"),
                kFailed);
  }
  if (auto written = write_receipts(journal, settings.receipt); !written) {
    return fail(written.error().message + "; the same command, with another --receipt, writes it", kFailed);
  }
  if (::unlink(settings.journal.c_str()) != 0) return fail(system_error(settings.journal).message, kFailed);
  return print(fmt::format("decommissioned; hand over {0}.txt (for programs: {0}.json)", settings.receipt));
}

}  // namespace

void add_decommission(CLI::App& app, Options& /*options*/, int& exit_code) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* const command = app.add_subcommand("decommission",
                                               "drain, withdraw, stop, and erase keys, secrets, statistics, "
                                               "zones and configuration; the machine stays "
                                               "its host's");
  CLI::Option* const really = command->add_flag("--yes-really", settings->really,
                                                "do it; else only say what would be done");
  command
      ->add_flag("--give-up", settings->give_up,
                 "end one that was begun and has erased nothing yet: its units are enabled again")
      ->excludes(really);
  command->add_option("--receipt", settings->receipt, "where to, with .txt and .json")->capture_default_str();
  command->add_option("--config", settings->config, "the configuration file")->capture_default_str();
  command->add_option("--journal", settings->journal, "how far it has come, for going on after a power cut")
      ->capture_default_str();
  command->add_option("--manager", settings->manager, "what is called like systemctl")->capture_default_str();
  // For the lab, where everything lies elsewhere.
  command->add_option("--place", settings->places)->group("");
  command->callback([&exit_code, settings] { exit_code = decommission_it(*settings); });
}

}  // namespace imrs::ctl
