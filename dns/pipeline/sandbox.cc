// The zone child's cage, by libseccomp. Called once, while there is one thread and nothing foreign has been
// read yet.
#include "dns/pipeline/sandbox.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace imrs::pipeline {
namespace {

constexpr int kFatal[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
                          SCMP_SYS(process_vm_writev)};

constexpr int kDenied[] = {
    // it serves nobody
    SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
    // what an intruder would try next
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare),
    SCMP_SYS(setns), SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
    SCMP_SYS(setgroups), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(personality), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(clock_settime), SCMP_SYS(settimeofday)};

constexpr std::uint64_t kDeniedDomains[] = {AF_UNIX, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK};

constexpr std::uint64_t kExecutable = 4;  // PROT_EXEC

// Octets. The largest transfer taken is 16 MiB, and a zone of that size is held a few times over while the
// next is verified and compiled. A peer that finds a way beyond that costs this process, not the machine.
[[maybe_unused]] constexpr rlim_t kMaxData = 1U << 30;

// Keeps the first failure, so that the rules below read as a list.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ALLOW), seccomp_release) {}

  void rule(std::uint32_t action, int call) {
    if (failure_ == 0) failure_ = seccomp_rule_add(context_.get(), action, call, 0);
  }
  void rule(std::uint32_t action, int call, scmp_arg_cmp condition) {
    if (failure_ == 0) failure_ = seccomp_rule_add(context_.get(), action, call, 1, condition);
  }
  Result<void> load() {
    if (!context_) return Error{Errc::System, "seccomp_init failed"};
    if (failure_ == 0) failure_ = seccomp_load(context_.get());
    return failure_ == 0 ? Result<void>() : system_error("seccomp", -failure_);
  }

 private:
  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int failure_ = 0;
};

[[maybe_unused]] Result<void> load_filter() {
  constexpr std::uint32_t kDeny = SCMP_ACT_ERRNO(EPERM);
  Filter filter;
  for (const int call : kFatal) filter.rule(SCMP_ACT_KILL_PROCESS, call);
  for (const int call : kDenied) filter.rule(kDeny, call);
  for (const std::uint64_t domain : kDeniedDomains) {
    filter.rule(kDeny, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, domain, 0));
  }
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    filter.rule(kDeny, call, SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, kExecutable));
  }
  return filter.load();
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

}  // namespace imrs::pipeline
