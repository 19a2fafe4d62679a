// Runs preflight and prints or stores what it found. Called by imrsctl's main, by way of commands.cc. An
// agent that does not run, or a configuration that cannot be read, is a finding and no reason not to go on.
#include "agent/ctl/preflight_command.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "agent/base/whole_file.h"
#include "agent/config/address.h"
#include "agent/config/web_settings.h"
#include "agent/counts/counts.h"
#include "agent/ctl/client.h"
#include "agent/ctl/questions.h"
#include "agent/preflight/checks.h"
#include "agent/web/text.h"

namespace imrs::ctl {
namespace {

using preflight::Finding;
using preflight::Report;
using preflight::Verdict;

struct Wanted {
  std::string config = "/etc/imrs/agent.json";
  std::vector<std::string> only;
  std::string spoof_target;
  bool store = false;
  const CLI::Option* socket = nullptr;
};

Result<preflight::QueriesSeen> ask_for_queries(const std::string& socket) {
  const auto answer = ask_agent_for_descriptor(socket, "counters");
  if (!answer) return answer.error();
  const auto settings = web_settings_from_json(answer->text);
  if (!settings) return settings.error();
  const auto pages = counts::Pages::map(answer->descriptor.get(), settings->workers, false);
  if (!pages) return pages.error();
  std::vector<counts::Service> services;
  for (const WebService& service : settings->services) services.push_back({service.family, service.address});
  const counts::Counts counts = counts::read_counts(*pages, services);
  preflight::QueriesSeen seen{};
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) {
      seen[static_cast<std::size_t>(transport)][static_cast<std::size_t>(family)] =
          counts::sum_of(counts, transport, family).queries;
    }
  }
  return seen;
}

// Empty: all are names of points.
std::string unknown_names(const std::vector<std::string>& only) {
  const auto known = preflight::point_names();
  for (const std::string& name : only) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string all;
    for (const std::string& one : known) all += " " + one;
    return "preflight: there is no point \"" + name + "\"; those there are:" + all;
  }
  return "";
}

// The agent listens where the configuration says, unless --socket says otherwise.
std::string socket_of(const Options& options, const Wanted& wanted, const Result<Config>& config) {
  const bool told = wanted.socket != nullptr && wanted.socket->count() > 0;
  return told || !config || config->control_socket.empty() ? options.socket : config->control_socket;
}

preflight::Given look_around(const Options& options, const Wanted& wanted,
                             const std::optional<IpAddress>& spoof_target) {
  auto config = load_config(wanted.config);
  const std::string socket = socket_of(options, wanted, config);
  auto snapshot = ask_for_snapshot(socket);
  const auto queries = snapshot ? ask_for_queries(socket) : Result<preflight::QueriesSeen>(snapshot.error());
  return {.config_path = wanted.config,
          .config = std::move(config),
          .snapshot = std::move(snapshot),
          .queries = queries ? std::optional(*queries) : std::nullopt,
          .spoof_target = spoof_target};
}

Screen screen() {
  if (::isatty(STDOUT_FILENO) != 1) return {};
  const char* const no_colour = std::getenv("NO_COLOR");  // https://no-color.org
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  return {.colour = no_colour == nullptr || *no_colour == '\0',
          .columns = known ? size.ws_col : std::size_t{0}};
}

int run(const Options& options, const Wanted& wanted) {
  if (const std::string wrong = unknown_names(wanted.only); !wrong.empty()) return fail(wrong, kBadUse);
  if (wanted.store && !wanted.only.empty()) {
    return fail("preflight: --store keeps a whole report; leave --only out", kBadUse);
  }
  std::optional<IpAddress> target;
  if (!wanted.spoof_target.empty()) {
    const auto address = parse_address(wanted.spoof_target);
    if (!address) return fail("--spoof-test: " + address.error().message, kBadUse);
    target = *address;
  }
  const preflight::Given given = look_around(options, wanted, target);
  const Report report{.time = std::time(nullptr),
                      .identity = given.config ? given.config->instance.identity : "",
                      .points = preflight::run_checks(given, wanted.only)};
  print(options.json ? to_json(report) : preflight_text(report, screen()));
  if (wanted.store) {
    const auto stored = store_report(given.config ? given.config->state_directory : "", report);
    if (!stored) return fail("the report is not stored: " + stored.error().message, kFailed);
  }
  return count(report, Verdict::Fail) > 0 ? kNotHealthy : kGood;
}

struct Look {
  const char* word;
  const char* colour;
  const char* remedy;  // before what is to be done
};

Look look_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass: return {"pass", "32", "note"};
    case Verdict::Fail: return {"FAIL", "31", "do"};
    case Verdict::Unknown: return {"unknown", "33", "to know"};
  }
  return {"unknown", "33", "to know"};
}

// Broken between words, so that no line is longer than `columns` if that is possible; what follows the first
// line is indented by `indent`, where the first one begins.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  constexpr std::size_t kLeast = 20;
  if (columns < indent + kLeast) return std::string(text);
  std::string out;
  for (const std::size_t width = columns - indent; text.size() > width;) {
    std::size_t end = text.rfind(' ', width);
    if (end == std::string_view::npos || end == 0) end = text.find(' ', 1);
    if (end == std::string_view::npos) break;
    out += std::string(text.substr(0, end)) + "\n" + std::string(indent, ' ');
    text.remove_prefix(end + 1);
  }
  return out + std::string(text);
}

Result<void> make_folder(const std::string& path) {
  struct stat status {};
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return system_error(path);
  if (::lstat(path.c_str(), &status) != 0) return system_error(path);
  if (!S_ISDIR(status.st_mode)) return Error{Errc::InvalidInput, path + " is no directory"};
  return {};
}

}  // namespace

std::string preflight_text(const Report& report, const Screen& screen) {
  constexpr std::size_t kVerdict = 9;  // "unknown" and two spaces
  std::size_t width = 0;
  for (const Finding& point : report.points) width = std::max(width, point.name.size());
  const std::size_t indent = kVerdict + width + 2;
  const auto text = [&](const std::string& words) {
    return wrapped(web::printable(words), indent, screen.columns) + "\n";
  };
  std::string out = fmt::format("{}, {}\n", report.identity.empty() ? "no identity" : report.identity,
                                web::utc_text(report.time * 1000));
  for (const Finding& point : report.points) {
    const Look look = look_of(point.verdict);
    const std::string word = fmt::format("{:<{}}", look.word, kVerdict);
    out += screen.colour ? fmt::format("\x1b[{}m{}\x1b[0m", look.colour, word) : word;
    out += fmt::format("{:<{}}  {}", web::printable(point.name), width, text(point.evidence));
    if (point.remedy.empty()) continue;
    out += fmt::format("{:{}}{}", "", indent, text(std::string(look.remedy) + ": " + point.remedy));
  }
  return out + fmt::format("{} pass, {} fail, {} unknown\n", count(report, Verdict::Pass),
                           count(report, Verdict::Fail), count(report, Verdict::Unknown));
}

Result<void> store_report(const std::string& state_directory, const Report& report) {
  if (state_directory.empty()) {
    return Error{Errc::InvalidInput,
                 "no \"state_directory\" is configured, or the configuration cannot be read"};
  }
  ::umask(022);  // imrs-web has to read it
  for (const std::string& folder : {state_directory, state_directory + preflight::kReportFolder}) {
    if (auto made = make_folder(folder); !made) return made;
  }
  const std::string text = to_json(report) + "\n";
  return write_whole(state_directory + preflight::kReportFile,
                     {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void add_preflight(CLI::App& app, Options& options, int& exit_code) {
  const auto wanted = std::make_shared<Wanted>();
  wanted->socket = app.get_option_no_throw("--socket");
  CLI::App* const command = app.add_subcommand(
      "preflight",
      "check what the host has promised, point by point; the exit status says whether one failed");
  command->add_option("--config", wanted->config, "the agent's configuration")->capture_default_str();
  command->add_option("--only", wanted->only, "this point alone; may be given several times")
      ->expected(1)
      ->take_all();
  command->add_flag("--store", wanted->store,
                    "keep the report beneath \"state_directory\", for the ops page");
  command->add_option(
      "--spoof-test", wanted->spoof_target,
      "send datagrams with a forged source to this address, where you watch whether they come");
  command->add_flag("--json", options.json, "as JSON");
  command->callback([&options, &exit_code, wanted] { exit_code = run(options, *wanted); });
}

}  // namespace imrs::ctl
