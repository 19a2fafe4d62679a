// The zone child's cage. Called once, while there is one thread and nothing foreign has been read yet.
#include "dns/pipeline/sandbox.h"

#include <sys/socket.h>

#include "agent/base/cage.h"

namespace imrs::pipeline {
namespace {

constexpr int kDenied[] = {
    // it opens no service; the socket that NOTIFY comes to by TCP was opened for it
    SCMP_SYS(listen), SCMP_SYS(accept),
    // what an intruder would try next
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare),
    SCMP_SYS(setns), SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
    SCMP_SYS(setgroups), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(personality), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(clock_settime), SCMP_SYS(settimeofday)};

constexpr std::uint64_t kDeniedDomains[] = {AF_UNIX, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK};

// Octets. The largest zone taken counts as 128 MiB (zone::kMaxRecordMemory), and is held a few times over
// while the next is verified and compiled. A peer that finds a way beyond that costs this process, not the
// machine.
constexpr std::size_t kMaxData = std::size_t{1} << 30;

}  // namespace

Result<void> enter_sandbox() {
  if (auto given_up = give_up_dumps_and_privileges(); !given_up) return given_up;
  if (auto limited = limit_data(kMaxData); !limited) return limited;
  SyscallFilter filter(SyscallFilter::Otherwise::Allow);
  filter.kill(kNeverCalled);
  filter.refuse(kDenied);
  for (const std::uint64_t domain : kDeniedDomains) {
    filter.refuse(SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, domain, 0));
  }
  filter.allow_memory_without_code();
  return filter.load();
}

}  // namespace imrs::pipeline
