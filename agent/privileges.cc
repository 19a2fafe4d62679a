// Dropping privileges with raw system calls. Called by the agent and the launcher at their start; what
// is dropped here is never taken back.
#include "agent/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace imrs::agent {
namespace {

Result<void> set_capabilities(std::initializer_list<int> capabilities, bool inheritable = false) {
  std::array<__user_cap_data_struct, 2> data{};
  for (const int capability : capabilities) {
    const auto bit = 1U << (static_cast<unsigned>(capability) % 32);
    auto& word = data[static_cast<std::size_t>(capability) / 32];
    word.effective |= bit;
    word.permitted |= bit;
    if (inheritable) word.inheritable |= bit;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, data.data()) != 0) return system_error("capset");
  return {};
}

}  // namespace

Result<void> require_root() {
  if (::geteuid() == 0) return {};
  return Error{Errc::Refused,
               "imrs-agent must be started as root: it makes anycast0, starts its children as their "
               "own users and then drops all but NET_ADMIN and NET_BIND_SERVICE"};
}

Result<void> limit_bounding_set(std::initializer_list<int> capabilities) {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (std::ranges::find(capabilities, capability) != capabilities.end()) continue;
    if (::prctl(PR_CAPBSET_READ, capability) != 1) continue;
    if (::prctl(PR_CAPBSET_DROP, capability) != 0) return system_error("PR_CAPBSET_DROP");
  }
  return {};
}

Result<void> become(uid_t uid, gid_t gid, std::initializer_list<int> capabilities) {
  if (::prctl(PR_SET_KEEPCAPS, 1) != 0) return system_error("PR_SET_KEEPCAPS");
  if (::setgroups(0, nullptr) != 0) return system_error("setgroups");
  if (::setresgid(gid, gid, gid) != 0) return system_error("setresgid");
  if (::setresuid(uid, uid, uid) != 0) return system_error("setresuid");
  if (::prctl(PR_SET_KEEPCAPS, 0) != 0) return system_error("PR_SET_KEEPCAPS");
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return system_error("PR_CAP_AMBIENT_CLEAR_ALL");
  }
  return set_capabilities(capabilities);
}

Result<void> keep_over_exec(std::initializer_list<int> capabilities) {
  if (auto set = set_capabilities(capabilities, true); !set) return set;
  for (const int capability : capabilities) {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      return system_error("PR_CAP_AMBIENT_RAISE");
    }
  }
  return {};
}

Result<void> end_keeping(std::initializer_list<int> capabilities) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return system_error("PR_CAP_AMBIENT_CLEAR_ALL");
  }
  return set_capabilities(capabilities);
}

Result<void> make_undumpable() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return system_error("RLIMIT_CORE");
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return system_error("PR_SET_DUMPABLE");
  return {};
}

Result<void> forbid_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("PR_SET_NO_NEW_PRIVS");
  return {};
}

Result<void> lock_memory() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0) {
    return Error{Errc::Unavailable,
                 "memory is not locked: RLIMIT_MEMLOCK is finite and cannot be lifted here (systemd: "
                 "LimitMEMLOCK=infinity)"};
  }
  if (::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) return system_error("mlockall");
  return {};
}

}  // namespace imrs::agent
