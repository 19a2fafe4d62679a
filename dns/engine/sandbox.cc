// The engine's cage, by libseccomp. Called once, from the control thread, after the workers' threads
// have started and before there is an image.
#include "dns/engine/sandbox.h"

#include <malloc.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <memory>

namespace imrs::engine {
namespace {

constexpr int kAllowed[] = {
    // answering
    SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
    SCMP_SYS(sendto), SCMP_SYS(accept4), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
    SCMP_SYS(close), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(poll), SCMP_SYS(ppoll),
    // memory, threads, time
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom),
    // looking at a received image
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl),
    // ending
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(tgkill)};

constexpr int kFatal[] = {SCMP_SYS(execve),           SCMP_SYS(execveat), SCMP_SYS(open),
                          SCMP_SYS(openat),           SCMP_SYS(openat2),  SCMP_SYS(creat),
                          SCMP_SYS(socket),           SCMP_SYS(ptrace),   SCMP_SYS(process_vm_readv),
                          SCMP_SYS(process_vm_writev)};

constexpr std::uint64_t kExecutable = 4;  // PROT_EXEC

// glibc's malloc opens files at moments that clients choose: /proc/sys/vm/overcommit_memory when a thread's
// arena gives memory back for the first time, /sys/devices/system/cpu/online when there is to be a ninth
// arena. The filter would kill the process for that. So arenas are never trimmed and their number is said;
// what is large is mapped on its own, and given back at once.
constexpr int kNeverTrim = -1;
constexpr int kArenas = 65;  // a worker each, and the control thread
constexpr int kMappedOnItsOwn = 8 * 1024;

[[maybe_unused]] Result<void> keep_malloc_from_opening_files() {
  const bool done = ::mallopt(M_TRIM_THRESHOLD, kNeverTrim) == 1 && ::mallopt(M_ARENA_MAX, kArenas) == 1 &&
                    ::mallopt(M_MMAP_THRESHOLD, kMappedOnItsOwn) == 1;
  if (done) return {};
  return Error{Errc::System, "mallopt refuses a setting without which malloc opens files in the sandbox"};
}

Error failed(const char* what, int code) { return system_error(what, -code); }

[[maybe_unused]] Result<void> load_filter() {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                                 seccomp_release);
  if (!filter) return Error{Errc::System, "seccomp_init failed"};
  scmp_filter_ctx context = filter.get();
  if (int r = seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1); r != 0) {
    return failed("SCMP_FLTATR_CTL_TSYNC", r);
  }
  for (const int call : kAllowed) {
    if (int r = seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 0); r != 0) {
      return failed("seccomp rule", r);
    }
  }
  for (const int call : kFatal) {
    if (int r = seccomp_rule_add(context, SCMP_ACT_KILL_PROCESS, call, 0); r != 0) {
      return failed("seccomp rule", r);
    }
  }
  // No memory is ever executable that was not when the program was loaded.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    const scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, 0);
    if (int r = seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 1, no_exec); r != 0) {
      return failed("seccomp rule", r);
    }
  }
  if (int r = seccomp_load(context); r != 0) return failed("seccomp_load", r);
  return {};
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
  if (auto kept = keep_malloc_from_opening_files(); !kept) return kept;
  return load_filter();
#endif
}

}  // namespace imrs::engine
