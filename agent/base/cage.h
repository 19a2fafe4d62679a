// agent/base/cage.h
// What the sandboxes of the programs are made of; which system calls a program needs, it says itself. Builds
// with sanitizers have no filter and no limit on data: these would end the sanitizer, not an intruder.
#pragma once

#include <seccomp.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>

#include "agent/base/result.h"

namespace imrs {

// No core file, no new privileges, not dumpable. For the whole process.
[[nodiscard]] Result<void> give_up_dumps_and_privileges();

// At most that many octets of data (RLIMIT_DATA).
[[nodiscard]] Result<void> limit_data(std::size_t octets);

// glibc's malloc opens files at moments that strangers may choose: /proc/sys/vm/overcommit_memory when a
// thread's arena gives memory back for the first time, /sys/devices/system/cpu/online when there is to be a
// ninth arena. A filter that kills for opening files would kill the process for that. So arenas are never
// trimmed and their number is said; what is large is mapped on its own, and given back at once.
[[nodiscard]] Result<void> keep_malloc_from_opening_files();

// No program started, nobody traced: what no program here ever does.
inline constexpr int kNeverCalled[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
                                       SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev)};
inline constexpr int kOpenFiles[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat)};

// Keeps the first failure, so that the rules read as a list; load() gives it.
class SyscallFilter {
 public:
  enum class Otherwise {
    Allow,
    Refuse
  };  // what has no rule; refused calls fail with EPERM, so that a C
      // library that tries something new does not kill a fleet

  explicit SyscallFilter(Otherwise otherwise);

  using Calls = std::span<const int>;
  void allow(Calls calls) { rules(SCMP_ACT_ALLOW, calls); }
  void refuse(Calls calls) { rules(kRefuse, calls); }
  void kill(Calls calls) { rules(SCMP_ACT_KILL_PROCESS, calls); }
  void allow(int call, scmp_arg_cmp condition) { rule(SCMP_ACT_ALLOW, call, condition); }
  void refuse(int call, scmp_arg_cmp condition) { rule(kRefuse, call, condition); }
  void kill(int call, scmp_arg_cmp condition) { rule(SCMP_ACT_KILL_PROCESS, call, condition); }

  // mmap and mprotect, but never with PROT_EXEC: no memory is ever executable that was not when the program
  // was loaded.
  void allow_memory_without_code();
  // Threads; no processes. clone3 is said not to be there, for its arguments cannot be looked at: glibc takes
  // clone then.
  void allow_threads();

  // From now on it holds, for all threads of the process. The last call.
  [[nodiscard]] Result<void> load();

 private:
  static constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(1);  // EPERM

  void rules(std::uint32_t action, Calls calls);
  void rule(std::uint32_t action, int call, scmp_arg_cmp condition);
  void note(int result);

  Otherwise otherwise_;
  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int failure_ = 0;
};

}  // namespace imrs
