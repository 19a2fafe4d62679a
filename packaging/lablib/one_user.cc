// The lab of an ordinary user who has no subordinate ids: there is one user in its user namespace, whom every
// program stays. Preloaded there by rootless.py, and only there; a success means "still the one user". It is
// here so that the programs have no such mode: on an appliance nothing can run without separate users.
#include <grp.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

extern "C" {

int setgroups(size_t /*count*/, const gid_t* /*groups*/) noexcept { return 0; }
int setgid(gid_t /*gid*/) noexcept { return 0; }
int setuid(uid_t /*uid*/) noexcept { return 0; }
int setegid(gid_t /*gid*/) noexcept { return 0; }
int seteuid(uid_t /*uid*/) noexcept { return 0; }
int setresgid(gid_t /*real*/, gid_t /*effective*/, gid_t /*saved*/) noexcept { return 0; }
int setresuid(uid_t /*real*/, uid_t /*effective*/, uid_t /*saved*/) noexcept { return 0; }
int chown(const char* /*file*/, uid_t /*uid*/, gid_t /*gid*/) noexcept { return 0; }
int lchown(const char* /*file*/, uid_t /*uid*/, gid_t /*gid*/) noexcept { return 0; }
int fchown(int /*fd*/, uid_t /*uid*/, gid_t /*gid*/) noexcept { return 0; }

}  // extern "C"
