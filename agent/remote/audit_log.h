// agent/remote/audit_log.h
// The files of AuditEntry lines, in the state directory: appended to, synced, and bounded. audit.log is the
// newest, audit.log.1 the one before, and so on. For root alone to write; mode 0640. What an observer does
// and what is refused goes to audit-observers.log, .1 and so on: who repeats that pushes nothing else out.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/remote/audit_entry.h"

namespace imrs::remote {

inline constexpr std::string_view kAuditFile = "audit.log";
inline constexpr std::string_view kObserversAuditFile = "audit-observers.log";

// The path in `directory` of the file that the entry belongs to.
[[nodiscard]] std::string audit_file_of(const std::string& directory, const AuditEntry& entry);

struct AuditBounds {
  std::size_t octets = 4U << 20;  // of one file
  int files = 8;                  // with the newest; older ones are removed
};

// Appends one line, which is on the disk when this returns; what a power cut has left of another stays a line
// of its own. After an error the file is as it was. Several processes may do so at a time.
[[nodiscard]] Result<void> append_audit(const std::string& path, const std::string& line,
                                        const AuditBounds& bounds = {});

// The same by a child process, so that a disk that hangs costs `limit` and no more: then Errc::Timeout, and
// the line may yet be written. Call it while there is one thread.
[[nodiscard]] Result<void> append_audit_within(const std::string& path, const std::string& line,
                                               std::chrono::milliseconds limit,
                                               const AuditBounds& bounds = {});

// The last `most` entries, oldest first, of all files. `damaged`: lines that are none. Nothing was written
// yet: none.
struct AuditTrail {
  std::vector<AuditEntry> entries;
  std::size_t damaged = 0;
};
[[nodiscard]] Result<AuditTrail> read_audit(const std::string& path, std::size_t most,
                                            const AuditBounds& bounds = {});

// The same of both logs in `directory`, by time; of one time and one log, as they were written.
[[nodiscard]] Result<AuditTrail> read_audit_logs(const std::string& directory, std::size_t most,
                                                 const AuditBounds& bounds = {});

}  // namespace imrs::remote
