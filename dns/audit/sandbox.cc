// The auditor's cage. Called once, while there is one thread and no image or zone has been seen.
#include "dns/audit/sandbox.h"

#include "agent/base/cage.h"

namespace imrs::audit {
namespace {

constexpr int kAllowed[] = {
    // the channel, the log
    SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(read), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(close),
    // memory and time
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom),
    // looking at a received memfd
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl),
    // ending
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(tgkill)};

// agent/base/whole_file.h
constexpr int kForFiles[] = {SCMP_SYS(openat), SCMP_SYS(fsync),  SCMP_SYS(fchmod),
                             SCMP_SYS(umask),  SCMP_SYS(rename), SCMP_SYS(unlink)};

constexpr int kFatal[] = {SCMP_SYS(socket)};

// Octets. An audit of the root zone takes about 60 MB.
constexpr std::size_t kMaxData = std::size_t{1} << 30;

}  // namespace

Result<void> enter_sandbox(Files files) {
  if (auto given_up = give_up_dumps_and_privileges(); !given_up) return given_up;
  if (auto limited = limit_data(kMaxData); !limited) return limited;
  if (auto kept = keep_malloc_from_opening_files(); !kept) return kept;
  SyscallFilter filter(SyscallFilter::Otherwise::Refuse);
  filter.allow(kAllowed);
  filter.allow_memory_without_code();
  filter.allow_threads();
  filter.kill(kNeverCalled);
  if (files == Files::Kept) {
    filter.allow(kForFiles);
  } else {
    filter.kill(kOpenFiles);
  }
  filter.kill(kFatal);
  return filter.load();
}

}  // namespace imrs::audit
