// imrs-web's cage, by libseccomp. Called once, when every descriptor but the clients' is there.
#include "agent/web/sandbox.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <memory>

namespace imrs::web {
namespace {

constexpr int kAllowed[] = {
    // clients and the channel, by way of Asio
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
    SCMP_SYS(sendto), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(shutdown),
    SCMP_SYS(close), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(timerfd_settime),
    SCMP_SYS(poll), SCMP_SYS(ppoll),
    // memory, threads, time
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom),
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl),
    // ending
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(tgkill)};

constexpr int kFatal[] = {
    SCMP_SYS(execve),           SCMP_SYS(execveat),         SCMP_SYS(openat2), SCMP_SYS(creat),
    SCMP_SYS(socket),           SCMP_SYS(connect),          SCMP_SYS(bind),    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev)};

constexpr std::uint64_t kExecutable = 4;  // PROT_EXEC

class Filter {
 public:
  Result<void> load() {
    if (!context_) return Error{Errc::System, "seccomp_init failed"};
    for (const int call : kAllowed) add(SCMP_ACT_ALLOW, call);
    for (const int call : kFatal) add(SCMP_ACT_KILL_PROCESS, call);
    // A file opened for writing is an attack; one opened for reading may be a C library's curiosity.
    for (const std::uint64_t mode : {std::uint64_t{O_WRONLY}, std::uint64_t{O_RDWR}}) {
      add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, mode));
      add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, mode));
    }
    // Asio makes accepted sockets non-blocking that way.
    add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0));
    // No memory is ever executable that was not when the program was loaded.
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
      add(SCMP_ACT_ALLOW, call, SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, 0));
    }
    if (failed_ != 0) return system_error("seccomp rule", -failed_);
    if (int r = seccomp_load(context_.get()); r != 0) return system_error("seccomp_load", -r);
    return {};
  }

 private:
  void add(std::uint32_t action, int call) { note(seccomp_rule_add(context_.get(), action, call, 0)); }
  void add(std::uint32_t action, int call, scmp_arg_cmp argument) {
    note(seccomp_rule_add_array(context_.get(), action, call, 1, &argument));
  }
  void note(int result) {
    if (failed_ == 0) failed_ = result;
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_{seccomp_init(SCMP_ACT_ERRNO(EPERM)),
                                                             seccomp_release};
  int failed_ = 0;
};

}  // namespace

Result<void> enter_sandbox() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return system_error("RLIMIT_CORE");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("PR_SET_NO_NEW_PRIVS");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return system_error("PR_SET_DUMPABLE");
#ifdef IMRS_SANITIZED
  return {};
#else
  return Filter().load();
#endif
}

}  // namespace imrs::web
