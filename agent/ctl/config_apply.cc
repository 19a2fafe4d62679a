// Does what the steps of a change say (config_steps.h), and tells the operator. Called by
// config_commands.cc. It must survive its terminal: what it does may be what cuts the operator's connection
// off. Once it has begun it goes on to one of its ends.
#include "agent/ctl/config_apply.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "agent/base/directory.h"
#include "agent/base/journal.h"
#include "agent/base/whole_file.h"
#include "agent/ctl/config_agent.h"
#include "agent/ctl/config_candidate.h"
#include "agent/ctl/config_files.h"
#include "agent/ctl/config_steps.h"
#include "agent/ctl/config_watch.h"
#include "agent/ctl/login.h"
#include "agent/ctl/signals.h"

namespace imrs::ctl {
namespace {

constexpr std::chrono::milliseconds kLook{500};

// Speaks to the terminal, if it is still there, and to the journal. Waits for neither of them.
class Voice {
 public:
  explicit Voice(const std::string& instance)
      : writer_{"imrsctl", instance}, journal_(Journal::connect(kJournalSocket)) {}

  void say(const std::string& text) const {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
    if (journal_) (void)journal_->send(writer_, LogLevel::Info, text);
  }

 private:
  LogWriter writer_;
  std::optional<Journal> journal_;
};

std::string standing_text(const std::vector<Standing>& standing) {
  std::vector<std::string> names;
  names.reserve(standing.size());
  for (const Standing& one : standing) names.push_back(one.neighbour);
  if (names.empty()) return "no neighbour is up now: the change holds as soon as the agent answers";
  return fmt::format("it has to be again as it is now for {}", fmt::join(names, ", "));
}

class Application {
 public:
  Application(const Options& options, const ApplySettings& settings, Candidate candidate,
              std::vector<Standing> standing)
      : options_(options),
        settings_(settings),
        candidate_(std::move(candidate)),
        standing_(std::move(standing)),
        voice_(candidate_.after->instance.identity),
        change_(settings.config, candidate_.files.secrets ? candidate_.after->secrets_file : ""),
        steps_(candidate_.effects) {}

  int run() {
    voice_.say(standing_text(standing_));
    while (!is_end(steps_.now())) {
      const Step step = steps_.now();
      const Told told = take(step);
      const bool good = told.outcome == Outcome::Done;
      if (!good && why_.empty()) why_ = fmt::format("{}: {}", to_string(step), told.text);
      voice_.say(fmt::format("{}: {}", to_string(step), good && told.text.empty() ? "done" : told.text));
      steps_.advance(told.outcome);
    }
    return report(steps_.now());
  }

 private:
  Told take(Step step) {
    switch (step) {
      case Step::Save: return told(change_.save());
      case Step::Mark:
        return told(change_.mark(std::time(nullptr) + in_seconds(), !candidate_.effects.restart.empty()));
      case Step::ReplaceSecrets: return told(change_.replace_secrets(candidate_.files.secrets.value_or("")));
      case Step::ReplaceConfig: return told(change_.replace_config(candidate_.files.json));
      case Step::Firewall: return load_firewall();
      case Step::FirewallBack: return told(run_command(settings_.reload_firewall));
      case Step::Bird:
      case Step::BirdBack: return told(run_command(settings_.reload_bird));
      case Step::Upgrade:
      case Step::UpgradeBack: return upgrade_agent(options_.socket, pause());
      case Step::Restart:
      case Step::RestartBack: return told(run_command(settings_.restart));
      case Step::Watch: return watch(*candidate_.after, true);
      case Step::WatchBack: return watch(candidate_.before ? *candidate_.before : *candidate_.after, false);
      case Step::PutBack: return told(change_.put_back());
      case Step::Ask: return ask();
      case Step::Confirm: return hold();
      case Step::Unmark: return told(change_.unmark());
      case Step::Kept:
      case Step::TakenBack:
      case Step::Untouched:
      case Step::Stuck: return {Outcome::Done, ""};
    }
    return {Outcome::Failed, "unknown step"};
  }

  [[nodiscard]] std::int64_t in_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(settings_.limits.within).count();
  }

  static Told told(const Result<void>& result) {
    return result ? Told{Outcome::Done, ""} : Told{Outcome::Failed, result.error().message};
  }

  [[nodiscard]] Pause pause() {
    return [this](std::chrono::milliseconds time) { return signals_.wait(time); };
  }

  // Where the agent is asked that runs with `config`. One that was named by hand is asked where it was.
  [[nodiscard]] const std::string& socket_of(const Config& config) const {
    const bool usual = candidate_.before && candidate_.before->control_socket == options_.socket;
    return usual ? config.control_socket : options_.socket;
  }

  // `can_end`: by the operator.
  Told watch(const Config& config, bool can_end) {
    Watch watch(standing_, config, Watch::Clock::now(),
                limits_for(config, candidate_.effects.firewall, settings_.limits));
    for (;;) {
      const auto seen = look_at_agent(socket_of(config));
      const auto verdict = watch.see(seen ? std::optional(*seen) : std::nullopt,
                                     seen ? "" : seen.error().message, Watch::Clock::now());
      if (verdict == Watch::Verdict::Back) return {Outcome::Done, ""};
      if (verdict == Watch::Verdict::Late) {
        return {Outcome::Failed, fmt::format("not in time: {}", watch.missing())};
      }
      if (signals_.wait(kLook) && can_end) return {Outcome::Interrupted, "ended by the operator"};
    }
  }

  // Rules of who gets in that are not loaded now would lock people out at the next boot, on no trial.
  Told load_firewall() {
    if (auto done = run_command(settings_.reload_firewall); !done) return told(done);
    const auto runs = settings_.reload_firewall.empty() ? Result<void>()
                                                        : run_command(settings_.firewall_runs);
    if (runs) {
      loaded_ = boot_ticks();
      return {Outcome::Done, ""};
    }
    const std::string why = "the firewall does not run, so its rules are not loaded (" +
                            runs.error().message + ")";
    if (!candidate_.effects.access) return {Outcome::Done, why};
    return {Outcome::Failed, why + "; start it first: systemctl start imrs-firewall"};
  }

  // Connections of before say nothing: the firewall lets them go on.
  Told ask() {
    if (auto asked = change_.ask(loaded_); !asked) return {Outcome::Failed, asked.error().message};
    voice_.say(
        fmt::format("within {} s, from a new SSH login itself (ssh -o ControlPath=none), not inside "
                    "tmux or screen, or at the console: imrsctl config confirm",
                    in_seconds()));
    const auto limit = Watch::Clock::now() + settings_.limits.within;
    while (Watch::Clock::now() < limit) {
      if (change_.is_confirmed()) return {Outcome::Done, "confirmed"};
      if (signals_.wait(kLook)) return {Outcome::Interrupted, "ended by the operator"};
    }
    // What was said after the last look was said in time, too.
    if (change_.is_confirmed()) return {Outcome::Done, "confirmed"};
    return {Outcome::Failed, "nobody has said so in time"};
  }

  // It holds, whether or not what was there before could be kept.
  [[nodiscard]] Told hold() const {
    if (auto held = change_.hold(); !held) return {Outcome::Failed, held.error().message};
    const auto kept = change_.keep_previous();
    return {Outcome::Done, kept ? "" : "there is no way back by rollback: " + kept.error().message};
  }

  int report(Step end) const {
    if (end == Step::Kept) {
      voice_.say(fmt::format("applied: {} holds; what was there before is {}", settings_.config,
                             previous_of(settings_.config)));
      return kGood;
    }
    voice_.say(fmt::format("NOT applied: {} ({})", to_string(end), why_));
    if (end == Step::Stuck)
      voice_.say(
          fmt::format("put {} in its place by hand: {}", before_of(settings_.config), settings_.config));
    return fail(why_, kFailed);
  }

  const Options& options_;
  const ApplySettings& settings_;
  Candidate candidate_;
  std::vector<Standing> standing_;
  Voice voice_;
  ConfigChange change_;
  Steps steps_;
  Signals signals_;
  std::string why_;
  std::int64_t loaded_ = boot_ticks();  // when the firewall of the trial was there
};

// What stands before anything is touched; the error is a reason not to begin.
Result<UniqueFd> begin(const ApplySettings& settings) {
  auto lock = lock_directory(directory_of(settings.config));
  if (!lock) return lock;
  const auto pending = ConfigChange::pending(settings.config);
  if (!pending) return pending.error();
  if (!*pending) return lock;
  return Error{Errc::Refused,
               "a change was cut off before it was confirmed and goes back; it is stuck if this lasts: "
               "journalctl -u imrs-recover"};
}

int apply_candidate(const Options& options, const ApplySettings& settings, Candidate candidate) {
  const auto now = look_at_agent(options.socket);
  if (!now) {
    (void)fail("the agent does not answer now: " + now.error().message, 0);
    candidate.effects.restart.emplace_back("the agent does not answer");
  }
  auto standing = now ? standing_of(*now) : std::vector<Standing>();
  return Application(options, settings, std::move(candidate), std::move(standing)).run();
}

}  // namespace

int diff_config(const Options& options, const ApplySettings& settings) {
  auto files = read_new_files(settings);
  if (!files) return fail(files.error().message, kFailed);
  const auto candidate = compare_with_present(settings, std::move(*files));
  if (!candidate) return fail(candidate.error().message, kFailed);
  print(options.json ? differences_json(candidate->differences) : differences_text(candidate->differences));
  if (!candidate->after) return fail("it would not be taken: " + candidate->after.error().message, kFailed);
  return candidate->differences.empty() ? kGood : kNotHealthy;
}

int apply_config(const Options& options, const ApplySettings& settings) {
  auto files = read_new_files(settings);
  if (!files) return fail(files.error().message, kFailed);
  const auto lock = settings.dry_run ? Result<UniqueFd>(UniqueFd()) : begin(settings);
  if (!lock) return fail(lock.error().message, kFailed);
  auto candidate = compare_with_present(settings, std::move(*files));
  if (!candidate) return fail(candidate.error().message, kFailed);
  if (!candidate->after) return fail(candidate->after.error().message, kFailed);
  if (candidate->after->control_socket.empty()) {
    return fail("control_socket: must not be empty: nobody could see whether the change holds", kFailed);
  }
  if (candidate->differences.empty()) return print("nothing differs; nothing was done");
  print(differences_text(candidate->differences) + effects_text(candidate->effects));
  if (settings.dry_run) return print("a dry run: nothing was changed");
  return apply_candidate(options, settings, std::move(*candidate));
}

int roll_back_config(const Options& options, ApplySettings settings) {
  settings.next = previous_of(settings.config);
  settings.secrets = previous_secrets_for(settings.next);
  return apply_config(options, settings);
}

}  // namespace imrs::ctl
