// imrs-web's cage. Called once, when every descriptor but the clients' is there.
#include "agent/web/sandbox.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <string>

#include "agent/base/cage.h"
#include "agent/base/landlock.h"
#include "agent/preflight/report.h"

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

// Where landlock lets it.
constexpr int kFiles[] = {
    SCMP_SYS(open),       SCMP_SYS(openat),     SCMP_SYS(stat),      SCMP_SYS(lstat),    SCMP_SYS(statx),
    SCMP_SYS(mkdir),      SCMP_SYS(mkdirat),    SCMP_SYS(rename),    SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(unlink),     SCMP_SYS(unlinkat),   SCMP_SYS(rmdir),     SCMP_SYS(fsync),    SCMP_SYS(fdatasync),
    SCMP_SYS(getdents64), SCMP_SYS(lseek),      SCMP_SYS(ftruncate), SCMP_SYS(fchmod),   SCMP_SYS(access),
    SCMP_SYS(faccessat),  SCMP_SYS(faccessat2), SCMP_SYS(readlink),  SCMP_SYS(umask)};

// Far more than a day's charts, all tables and the clients that are let in need.
constexpr std::size_t kMaxData = std::size_t{512} << 20;

constexpr int kFatal[] = {SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(socket), SCMP_SYS(connect),
                          SCMP_SYS(bind)};

// Its own folder to write to, and the files of TLS to read; without a landlock in the kernel, what the owners
// and modes of files allow.
Result<void> restrict_to(const WebSettings& settings) {
  FileAccess access;
  if (!settings.state_directory.empty()) {
    access.write.push_back(settings.state_directory + "/rssac002");
    access.read.push_back(settings.state_directory + preflight::kReportFolder);
  }
  for (const std::string* file : {&settings.tls.certificate, &settings.tls.key, &settings.tls.client_ca}) {
    // The folder, for a file that is replaced is another one.
    if (!file->empty()) access.read.push_back(file->substr(0, file->rfind('/') + 1));
  }
  auto restricted = restrict_files(access);
  if (!restricted && restricted.error().code != Errc::Unavailable) return restricted;
  return {};
}

}  // namespace

Result<void> enter_sandbox(const WebSettings& settings) {
  if (auto given_up = give_up_dumps_and_privileges(); !given_up) return given_up;
  if (auto limited = limit_data(kMaxData); !limited) return limited;
  if (auto restricted = restrict_to(settings); !restricted) return restricted;
  SyscallFilter filter(SyscallFilter::Otherwise::Refuse);
  filter.allow(kAllowed);
  filter.allow_memory_without_code();
  filter.kill(kNeverCalled);
  filter.kill(kFatal);
  if (settings.state_directory.empty() && settings.tls.certificate.empty()) {
    // A file opened for writing is an attack then; one opened for reading may be a C library's curiosity.
    for (const std::uint64_t mode : {std::uint64_t{O_WRONLY}, std::uint64_t{O_RDWR}}) {
      filter.kill(SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE, mode));
      filter.kill(SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, mode));
    }
  } else {
    filter.allow(kFiles);
  }
  // Asio makes accepted sockets non-blocking that way.
  filter.allow(SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0));
  return filter.load();
}

}  // namespace imrs::web
