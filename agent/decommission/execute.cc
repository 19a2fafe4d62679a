// Carries a decommissioning out. Called by `imrsctl decommission`. It must never erase while something is
// still announced, and never take a step that it could not write down.
#include "agent/decommission/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/decommission/erase.h"

namespace imrs::decommission {
namespace {

constexpr std::chrono::seconds kLook{1};
constexpr std::int64_t kMargin = 10;  // looks beyond the drain's own time
constexpr int kLooksAtBird = 10;
constexpr std::size_t kMostShown = 5;

using Note = Result<std::string>;  // what came of a step, for the receipt

std::string some_of(const std::vector<std::string>& all) {
  const std::size_t shown = std::min(all.size(), kMostShown);
  std::string out = fmt::format(
      "{}", fmt::join(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return all.size() > shown ? fmt::format("{} and {} more", out, all.size() - shown) : out;
}

class Execution {
 public:
  Execution(Journal& journal, const Hands& hands) : journal_(journal), hands_(hands) {
    for (std::size_t i = 0; i < journal.items.size(); ++i) by_path_[journal.items[i].path] = i;
  }

  Note take(const Step& step) {
    switch (step.kind) {
      case Step::Kind::Drain: return drain();
      case Step::Kind::Withdraw: return withdraw();
      case Step::Kind::Stop: return disable_and_stop(step.unit);
      case Step::Kind::StopOnly: return stop(step.unit);
      case Step::Kind::NothingSaid: return nothing_said();
      case Step::Kind::NobodySays: return nobody_says();
      case Step::Kind::Inventory: return inventory();
      case Step::Kind::EraseSecrets: return erase_secrets();
      case Step::Kind::ErasePlaces: return erase_places(false);
      case Step::Kind::EraseAudit: return erase_places(true);
      case Step::Kind::NothingLeft: return nothing_left();
    }
    return Error{Errc::InvalidInput, "unknown step"};
  }

 private:
  [[nodiscard]] const Plan& plan() const { return journal_.plan; }

  Note drain() {
    const auto ordered = hands_.order("drain");
    if (!ordered && ordered.error().code == Errc::Unavailable) return std::string("no agent runs");
    if (!ordered) return ordered.error();
    for (std::int64_t look = 0; look < plan().drain_time.count() + kMargin; ++look) {
      const auto drained = hands_.drained();
      if (drained && *drained) return fmt::format("drained after {} s", look);
      hands_.sleep(kLook);
    }
    return std::string("the time for it is over");
  }

  Note withdraw() {
    const auto ordered = hands_.order("withdraw");
    if (!ordered && ordered.error().code == Errc::Unavailable) return std::string("no agent runs");
    if (!ordered) return ordered.error();
    return std::string("withdrawn");
  }

  // Disabled first: a power cut between the two must not bring it back.
  Note disable_and_stop(const std::string& unit) {
    if (auto disabled = hands_.disable(unit); !disabled) return disabled.error();
    return stop(unit);
  }

  Note stop(const std::string& unit) {
    if (auto stopped = hands_.stop(unit); !stopped) return stopped.error();
    return std::string("stopped");
  }

  // A BIRD that is not there says nothing; one that does not answer might.
  Note nothing_said() {
    std::vector<std::string> said;
    for (int look = 0; look < kLooksAtBird; ++look) {
      const auto exported = hands_.exported();
      if (!exported && exported.error().code == Errc::Unavailable) return std::string("no BIRD runs");
      if (!exported)
        return exported.error().within(
            "whether BIRD still announces cannot be known; stop it by hand "
            "(systemctl stop imrs-bird.service)");
      if (exported->empty()) return std::string("BIRD exports nothing");
      said = *exported;
      hands_.sleep(kLook);
    }
    return Error{Errc::Refused,
                 fmt::format("BIRD still announces {}; disable that protocol by hand, or stop BIRD "
                             "(systemctl stop imrs-bird.service)",
                             some_of(said))};
  }

  Note nobody_says() {
    for (int look = 0; look < kLooksAtBird; ++look) {
      const auto exported = hands_.exported();
      if (!exported && exported.error().code == Errc::Unavailable) return std::string("no BIRD runs");
      hands_.sleep(kLook);
    }
    return Error{Errc::Refused, "a BIRD still answers at " + plan().bird_socket +
                                    "; who has started it, and not as imrs-bird.service? Stop it"};
  }

  // "audit.log", "audit.log.3".
  [[nodiscard]] bool is_audit(std::string_view path) const {
    return std::ranges::any_of(plan().audit_logs, [&](const std::string& log) {
      if (!path.starts_with(log)) return false;
      const std::string_view rest = path.substr(log.size());
      return rest.empty() || (rest.front() == '.' && rest.find('/') == std::string_view::npos);
    });
  }

  Note inventory() {
    journal_.items.clear();
    by_path_.clear();
    std::uint64_t octets = 0;
    for (const std::string& place : plan().places) {
      const auto items = list_items(place, [](const std::string&) { return false; });
      if (!items) return items.error();
      for (const Item& item : *items) {
        if (find(item.path) != nullptr) continue;  // of a place within a place
        octets += item.size;
        (void)add(item);
      }
    }
    return fmt::format("{} files, {} octets", journal_.items.size(), octets);
  }

  Item* find(const std::string& path) {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : &journal_.items[found->second];
  }

  Item* add(const Item& item) {
    by_path_[item.path] = journal_.items.size();
    return &journal_.items.emplace_back(item);
  }

  Result<void> erase(const Item& there) {
    Item* const known = find(there.path);
    const auto outcome = erase_item(there.path);
    if (!outcome) return outcome.error();
    if (*outcome == kWasGone) return {};
    (known != nullptr ? known : add(there))->outcome = *outcome;
    return {};
  }

  Note erase_secrets() {
    std::size_t count = 0;
    for (const std::string& path : plan().secrets) {
      if (find(path) == nullptr) continue;  // there never was one
      if (auto erased = erase(*find(path)); !erased) return erased.error();
      ++count;
    }
    return fmt::format("{} files", count);
  }

  // What is there now, whatever the inventory says.
  Note erase_places(bool audit_log) {
    std::size_t count = 0;
    for (const std::string& place : plan().places) {
      const auto items = list_items(place,
                                    [&](const std::string& path) { return is_audit(path) != audit_log; });
      if (!items) return items.error();
      for (const Item& item : *items) {
        if (auto erased = erase(item); !erased) return erased.error();
        ++count;
      }
      remove_empty_directories(place);
    }
    return fmt::format("{} files", count);
  }

  Note nothing_left() {
    for (const std::string& place : plan().places) {
      const auto items = list_items(place, [](const std::string&) { return false; });
      if (!items) return items.error();
      if (!items->empty()) {
        return Error{Errc::Refused, items->front().path + " is there again; which program makes it? Stop it"};
      }
    }
    for (Item& item : journal_.items) {
      if (item.outcome.empty()) item.outcome = "removed before an interruption";
    }
    return std::string("nothing is left");
  }

  Journal& journal_;
  const Hands& hands_;
  std::map<std::string, std::size_t> by_path_;  // in journal_.items
};

}  // namespace

Result<void> check_before(const Plan& plan) {
  for (const std::string& place : plan.places) {
    if (auto good = check_directory(place); !good) return good;
  }
  return {};
}

Result<void> execute(Journal& journal, const std::string& path, const Hands& hands) {
  if (auto saved = save_journal(journal, path); !saved) return saved;
  Execution execution(journal, hands);
  const std::vector<Step> steps = steps_of(journal.plan);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (journal.has(step.id)) continue;
    hands.say(fmt::format("{} of {}: {}", i + 1, steps.size(), step.text));
    const auto note = execution.take(step);
    if (!note) {
      (void)!save_journal(journal, path).ok();  // what of the step was done
      return note.error().within("step \"" + step.id + "\" is not done, nor is any after it");
    }
    journal.done.push_back({step.id, hands.now_ms(), *note});
    hands.say("    " + *note);
    if (auto saved = save_journal(journal, path); !saved) return saved;
  }
  return {};
}

}  // namespace imrs::decommission
