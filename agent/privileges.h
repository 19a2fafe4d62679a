// agent/privileges.h
// What a process may do, made smaller and never larger. Linux only; raw capset(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>

#include "agent/base/result.h"

namespace imrs::agent {

// Refuses unless this process is root with the capabilities it is about to hand out or keep.
[[nodiscard]] Result<void> require_root();

// Removes everything but `capabilities` (CAP_...) from the bounding set, for this process and all that
// come from it. Needs CAP_SETPCAP.
[[nodiscard]] Result<void> limit_bounding_set(std::initializer_list<int> capabilities);

// Becomes `uid`:`gid` without supplementary groups, keeping only `capabilities` (effective and
// permitted, none inheritable, none ambient). Needs root.
[[nodiscard]] Result<void> become(uid_t uid, gid_t gid, std::initializer_list<int> capabilities);

// No core dump, no ptrace, no /proc/PID/mem for other users: PR_SET_DUMPABLE 0, RLIMIT_CORE 0. Call
// again after become(), which may set it anew.
[[nodiscard]] Result<void> make_undumpable();

// What this process may do stays over execve(2) of an ordinary program: inheritable and ambient. And back:
// only effective and permitted again.
[[nodiscard]] Result<void> keep_over_exec(std::initializer_list<int> capabilities);
[[nodiscard]] Result<void> end_keeping(std::initializer_list<int> capabilities);

// execve can never again give more than this process has.
[[nodiscard]] Result<void> forbid_new_privileges();

// Keeps all pages that are ever touched in memory, also those of later mappings. Every later mapping
// counts against RLIMIT_MEMLOCK, so that has to be unlimited or liftable: Errc::Unavailable otherwise, and
// nothing is locked.
[[nodiscard]] Result<void> lock_memory();

}  // namespace imrs::agent
