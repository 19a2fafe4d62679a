// Limits and system call filters, by libseccomp. Called by each program's enter_sandbox().
#include "agent/base/cage.h"

#include <malloc.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>

namespace imrs {
namespace {

static_assert(EPERM == 1, "SyscallFilter::kRefuse");

constexpr std::uint64_t kExecutable = 4;  // PROT_EXEC

[[maybe_unused]] constexpr int kNeverTrim = -1;
[[maybe_unused]] constexpr int kArenas = 65;  // one for each of 64 workers, and one for the control thread
[[maybe_unused]] constexpr int kMappedOnItsOwn = 8 * 1024;

}  // namespace

Result<void> give_up_dumps_and_privileges() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return system_error("RLIMIT_CORE");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("PR_SET_NO_NEW_PRIVS");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return system_error("PR_SET_DUMPABLE");
  return {};
}

Result<void> limit_data([[maybe_unused]] std::size_t octets) {
#ifndef IMRS_SANITIZED
  const rlimit data{octets, octets};
  if (::setrlimit(RLIMIT_DATA, &data) != 0) return system_error("RLIMIT_DATA");
#endif
  return {};
}

Result<void> keep_malloc_from_opening_files() {
#ifndef IMRS_SANITIZED
  const bool done = ::mallopt(M_TRIM_THRESHOLD, kNeverTrim) == 1 && ::mallopt(M_ARENA_MAX, kArenas) == 1 &&
                    ::mallopt(M_MMAP_THRESHOLD, kMappedOnItsOwn) == 1;
  if (!done) {
    return Error{Errc::System, "mallopt refuses a setting without which malloc opens files in the sandbox"};
  }
#endif
  return {};
}

SyscallFilter::SyscallFilter(Otherwise otherwise)
    : otherwise_(otherwise),
      context_(seccomp_init(otherwise == Otherwise::Allow ? SCMP_ACT_ALLOW : kRefuse), seccomp_release) {}

void SyscallFilter::note(int result) {
  if (failure_ == 0) failure_ = result;
}

void SyscallFilter::rules(std::uint32_t action, Calls calls) {
  for (const int call : calls) {
    if (context_) note(seccomp_rule_add(context_.get(), action, call, 0));
  }
}

void SyscallFilter::rule(std::uint32_t action, int call, scmp_arg_cmp condition) {
  if (context_) note(seccomp_rule_add_array(context_.get(), action, call, 1, &condition));
}

void SyscallFilter::allow_memory_without_code() {
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    if (otherwise_ == Otherwise::Allow) {
      refuse(call, SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, kExecutable));
    } else {
      allow(call, SCMP_A2(SCMP_CMP_MASKED_EQ, kExecutable, 0));
    }
  }
}

void SyscallFilter::allow_threads() {
  allow(SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  static constexpr int kClone3[] = {SCMP_SYS(clone3)};
  rules(SCMP_ACT_ERRNO(ENOSYS), kClone3);
}

Result<void> SyscallFilter::load() {
#ifdef IMRS_SANITIZED
  return {};
#endif
  if (!context_) return Error{Errc::System, "seccomp_init failed"};
  note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  if (failure_ == 0) note(seccomp_load(context_.get()));
  return failure_ == 0 ? Result<void>() : system_error("seccomp", -failure_);
}

}  // namespace imrs
