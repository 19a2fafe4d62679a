// Carries a decommissioning out. Called by `imrsctl decommission`. It must never erase while something is
// still announced, and never take a step that it could not write down.
#include "agent/decommission/execute.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "agent/base/whole_file.h"
#include "agent/decommission/check.h"
#include "agent/decommission/erase.h"

namespace imrs::decommission {
namespace {

constexpr std::chrono::seconds kLook{1};
constexpr std::int64_t kMargin = 10;  // looks beyond the drain's own time
constexpr int kLooksAtBird = 10;
constexpr int kTimesAgain = 5;  // of erasing what has come since
constexpr std::size_t kMostShown = 5;

enum class Turn : std::uint8_t {
  Secrets,
  Places,  // all but the audit logs; secrets that have come since too
  Audit,
};

using Note = Result<std::string>;  // what came of a step, for the receipt

std::string some_of(const std::vector<std::string>& all) {
  const std::size_t shown = std::min(all.size(), kMostShown);
  std::string out = fmt::format(
      "{}", fmt::join(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return all.size() > shown ? fmt::format("{} and {} more", out, all.size() - shown) : out;
}

class Execution {
 public:
  Execution(Journal& journal, const std::string& path, const Hands& hands)
      : journal_(journal), path_(path), hands_(hands) {
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
      case Step::Kind::EraseSecrets: return erase_all(Turn::Secrets);
      case Step::Kind::ErasePlaces: return erase_all(Turn::Places);
      case Step::Kind::EraseAudit: return erase_all(Turn::Audit);
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

  // Of all places, of which one may be within another; `wanted`: of a path.
  template <typename Wanted>
  Result<std::vector<Item>> list(const Wanted& wanted) const {
    std::vector<Item> out;
    std::set<std::string> seen;
    for (const std::string& place : plan().places) {
      const auto items = list_items(
          place, [&](const std::string& path, const struct stat&) { return !wanted(path); });
      if (!items) return items.error();
      std::ranges::copy_if(*items, std::back_inserter(out),
                           [&](const Item& item) { return seen.insert(item.path).second; });
    }
    return out;
  }

  [[nodiscard]] Result<std::vector<Item>> list_all() const {
    return list([](const std::string&) { return true; });
  }

  Note inventory() {
    if (auto good = check_before(plan()); !good) return good.error();
    const auto items = list_all();
    if (!items) return items.error();
    journal_.items.clear();
    by_path_.clear();
    std::uint64_t octets = 0;
    for (const Item& item : *items) {
      octets += item.size;
      add(item);
    }
    return fmt::format("{} files, {} octets", journal_.items.size(), octets);
  }

  // One that is listed and not erased yet.
  Item* find(const std::string& path) {
    const auto found = by_path_.find(path);
    if (found == by_path_.end()) return nullptr;
    Item& item = journal_.items[found->second];
    return item.outcome.empty() ? &item : nullptr;
  }

  void add(const Item& item) {
    by_path_[item.path] = journal_.items.size();
    journal_.items.push_back(item);
  }

  // What the inventory does not have, before it is erased: a power cut must not take it from the receipt.
  Result<void> write_down(const std::vector<Item>& there) {
    const std::size_t before = journal_.items.size();
    for (const Item& item : there) {
      if (find(item.path) == nullptr) add(item);
    }
    return journal_.items.size() == before ? Result<void>() : save_journal(journal_, path_);
  }

  // One that is written down.
  Result<void> erase(const Item& there) {
    const auto outcome = erase_item(there.path);
    if (!outcome) return outcome.error();
    if (*outcome == kWasGone) return {};
    Item& item = *find(there.path);
    if (item.kind != there.kind) item = there;
    item.elsewhere = there.elsewhere;
    item.outcome = *outcome;
    return {};
  }

  [[nodiscard]] bool is_of(Turn turn, const std::string& path) const {
    switch (turn) {
      case Turn::Secrets: return is_secret(plan(), path);
      case Turn::Places: return !is_audit_log(plan(), path);
      case Turn::Audit: return is_audit_log(plan(), path);
    }
    return false;
  }

  // What is there now, whatever the inventory says.
  Note erase_all(Turn turn) {
    const auto items = list([&](const std::string& path) { return is_of(turn, path); });
    if (!items) return items.error();
    if (auto written = write_down(*items); !written) return written.error();
    for (const Item& item : *items) {
      if (auto erased = erase(item); !erased) return erased.error();
    }
    for (const std::string& place : plan().places) remove_empty_directories(place);
    return fmt::format("{} files", items->size());
  }

  // The steps before are not taken again, so what has come since goes here: an audit line of somebody who
  // looked on from afar is enough.
  Note nothing_left() {
    std::vector<std::string> since;
    for (int times = 0;; ++times) {
      const auto there = list_all();
      if (!there) return there.error();
      if (there->empty()) break;
      if (times == kTimesAgain) return keeps_coming(there->front().path);
      for (const Item& item : *there) since.push_back(item.path);
      for (const Turn turn : {Turn::Secrets, Turn::Places, Turn::Audit}) {
        if (auto erased = erase_all(turn); !erased) return erased;
      }
      hands_.sleep(kLook);
    }
    for (Item& item : journal_.items) {
      if (item.outcome.empty()) item.outcome = "removed before an interruption";
    }
    if (since.empty()) return std::string("nothing is left");
    return fmt::format("nothing is left; what came in the meantime was erased too: {}", some_of(since));
  }

  static Error keeps_coming(const std::string& path) {
    return {Errc::Refused,
            fmt::format("{0} is there again, though what came was erased {1} times; stop what makes it (an "
                        "audit log: whoever uses \"imrsctl remote\", by the lines in authorized_keys; else "
                        "\"fuser -v {0}\" may name it). It is erased when this step is tried again",
                        path, kTimesAgain)};
  }

  Journal& journal_;
  const std::string& path_;  // of its file
  const Hands& hands_;
  std::map<std::string, std::size_t> by_path_;  // in journal_.items
};

}  // namespace

Result<void> execute(Journal& journal, const std::string& path, const Hands& hands) {
  if (auto saved = save_journal(journal, path); !saved) return saved;
  Execution execution(journal, path, hands);
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

// Each of them, whatever the journal has: one that was planned anew has forgotten what it had disabled.
Result<void> give_up(const Journal& journal, const std::string& path, const Hands& hands) {
  if (journal.may_have_erased()) {
    return Error{Errc::Refused,
                 "it has begun to erase what the appliance cannot do without; it can only be gone on with "
                 "(--yes-really), and the appliance installed anew afterwards"};
  }
  for (const Step& step : steps_of(journal.plan)) {
    if (step.kind != Step::Kind::Stop) continue;
    if (auto enabled = hands.enable(step.unit); !enabled) return enabled;
    hands.say("enabled again: " + step.unit);
  }
  if (::unlink(path.c_str()) != 0) return system_error(path);
  return sync_directory_of(path);
}

}  // namespace imrs::decommission
