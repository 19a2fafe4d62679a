// The auditor's cage, by libseccomp. Called once, while there is one thread and no image or zone has been
// seen.
#include "dns/audit/sandbox.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <memory>

namespace imrs::audit {
namespace {

constexpr int kAllowed[] = {
    // the channel, the log
    SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(read), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(close),
    // memory and time
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall), SCMP_SYS(getrandom),
    // looking at a received memfd
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl),
    // ending
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(tgkill)};

constexpr int kFatal[] = {SCMP_SYS(execve),           SCMP_SYS(execveat), SCMP_SYS(open),
                          SCMP_SYS(openat),           SCMP_SYS(openat2),  SCMP_SYS(creat),
                          SCMP_SYS(socket),           SCMP_SYS(ptrace),   SCMP_SYS(process_vm_readv),
                          SCMP_SYS(process_vm_writev)};

constexpr std::uint64_t kExecutable = 4;  // PROT_EXEC

// Octets. An audit of the root zone takes about 60 MB.
[[maybe_unused]] constexpr rlim_t kMaxData = 1U << 30;

[[maybe_unused]] Result<void> load_filter() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                 seccomp_release);
  if (!filter) return Error{Errc::System, "seccomp_init failed"};
  int failure = 0;  // the first
  const auto keep = [&](int code) { failure = failure == 0 ? code : failure; };
  for (const int call : kAllowed) keep(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0));
  for (const int call : kFatal) keep(seccomp_rule_add(filter.get(), SCMP_ACT_KILL_PROCESS, call, 0));
  const scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, 0);
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    keep(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1, no_exec));
  }
  keep(failure == 0 ? seccomp_load(filter.get()) : 0);
  return failure == 0 ? Result<void>() : system_error("seccomp", -failure);
}

}  // namespace

Result<void> enter_sandbox() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return system_error("RLIMIT_CORE");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("PR_SET_NO_NEW_PRIVS");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return system_error("PR_SET_DUMPABLE");
#ifdef IMRS_SANITIZED
  return {};
#else
  const rlimit data{kMaxData, kMaxData};
  if (::setrlimit(RLIMIT_DATA, &data) != 0) return system_error("RLIMIT_DATA");
  return load_filter();
#endif
}

}  // namespace imrs::audit
