// agent/decommission/journal.h
// How far a decommissioning has come, so that it can be continued after a power cut, when the configuration
// that it was planned by may be gone. Kept outside of what is erased. Pure, but for loading and saving.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/decommission/plan.h"

namespace imrs::decommission {

inline constexpr const char* kJournalFile = "/var/lib/imrs-decommission.journal";  // if no other is named

// Something that is erased.
struct Item {
  std::string path;
  std::string kind;        // "file", "link", "other"
  std::uint64_t size = 0;  // octets
  std::string sha256;      // hex; empty: withheld, for a guess at a secret could be tried on it, or no file
  std::string outcome;     // empty: not erased yet
  std::string leads_to;    // of a link: target_of()
  bool elsewhere = false;  // it has a name in another directory too: what it holds stays there
  bool operator==(const Item&) const = default;
};

struct Done {
  std::string step;  // id
  std::int64_t time_ms = 0;
  std::string note;
  bool operator==(const Done&) const = default;
};

struct Journal {
  Plan plan;
  std::int64_t begun_ms = 0;
  std::vector<Done> done;
  std::vector<Item> items;
  [[nodiscard]] bool has(const std::string& step) const;
  [[nodiscard]] bool may_have_erased() const { return has(kInventoryStep); }
  bool operator==(const Journal&) const = default;
};

[[nodiscard]] std::string to_json(const Journal& journal);
[[nodiscard]] Result<Journal> journal_from_json(std::string_view text);

// nullopt: there is none.
[[nodiscard]] Result<std::optional<Journal>> load_journal(const std::string& path);
// For root alone; on the disk when this returns.
[[nodiscard]] Result<void> save_journal(const Journal& journal, const std::string& path);

}  // namespace imrs::decommission
