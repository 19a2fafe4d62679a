// agent/remote/audit_entry.h
// One use of the appliance from afar, as it is written down: a line of JSON. Pure.
//
// Each use has two lines of the same id: "begun", before anything is done, and "done" with the exit status;
// or one, "refused". A "begun" without its "done" was cut off: the machine went down, or the use was ended.
// `from` is the address that the engineer's SSH client came from: no DNS client's, and part of the trail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::remote {

struct AuditEntry {
  std::int64_t time_ms = 0;   // Unix time in ms, of the machine's clock
  std::string id;             // of this use
  std::string event;          // "begun", "done", "refused"
  std::string name;           // whose key it is, as authorized_keys says
  std::string role;           // "observer", "operator"
  std::string from;           // client_address()
  std::string command;        // as it was carried out; of one that was refused: masked()
  std::optional<int> status;  // exit status, of "done"
  std::string note;           // why it was refused; what else there is to know
  bool operator==(const AuditEntry&) const = default;
};

// Without a newline.
[[nodiscard]] std::string to_json_line(const AuditEntry& entry);
[[nodiscard]] Result<AuditEntry> audit_entry_from_json(std::string_view line);

// For people, a line each, in the order given.
[[nodiscard]] std::string audit_text(const std::vector<AuditEntry>& entries);
[[nodiscard]] std::string audit_json(const std::vector<AuditEntry>& entries);

// The client's address in the variable SSH_CONNECTION, "192.0.2.7 50022 198.51.100.1 22"; `variable` may be
// null. "unknown" if it is anything else.
[[nodiscard]] std::string client_address(const char* variable);

// Whose key: letters, digits and . _ @ -, at most 64.
[[nodiscard]] bool is_key_name(std::string_view text);

}  // namespace imrs::remote
