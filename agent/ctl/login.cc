// Looks for the sshd above a process. Called by `imrsctl config confirm`. It must take nobody for one who has
// got in anew who may not have.
#include "agent/ctl/login.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string_view>

#include "agent/base/regular_file.h"

namespace imrs::ctl {
namespace {

constexpr std::size_t kMostStat = 4096;
constexpr int kMostAncestors = 1000;
constexpr std::string_view kSshd = "sshd";  // "sshd-session", too
// Virtual consoles and serial lines, the system's console, serial lines of low density, hypervisors'
// (Documentation/admin-guide/devices.txt).
constexpr std::array kConsoles{4U, 5U, 204U, 229U};
constexpr const char* kRemedy =
    "say it from a new SSH login itself (ssh -o ControlPath=none), not inside tmux or screen, or at the "
    "console";

// Of proc(5)'s stat.
struct Ancestor {
  std::string name;
  pid_t parent = 0;
  pid_t session = 0;
  unsigned terminal = 0;
  std::int64_t began = 0;

  [[nodiscard]] bool is_sshd() const { return name.starts_with(kSshd); }
  [[nodiscard]] bool has_console() const {
    return std::ranges::find(kConsoles, (terminal >> 8U) & 0xfffU) != kConsoles.end();
  }
};

// "PID (NAME) STATE PPID PGRP SESSION TTY_NR ...": the name may hold anything, the rest holds no parentheses.
std::optional<Ancestor> parse_stat(const std::string& text) {
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  Ancestor out;
  out.name = text.substr(open + 1, close - open - 1);
  std::istringstream rest(text.substr(close + 1));
  std::string word;
  long group = 0;
  rest >> word >> out.parent >> group >> out.session >> out.terminal;
  constexpr int kBetween = 14;  // the fields 8 to 21
  for (int i = 0; i < kBetween; ++i) rest >> word;
  rest >> out.began;
  return rest ? std::optional(out) : std::nullopt;
}

Result<Ancestor> read_stat(const std::string& proc, pid_t pid) {
  const std::string file = fmt::format("{}/{}/stat", proc, pid);
  const auto text = read_regular_file(file, kMostStat);
  if (!text) return text.error();
  auto found = parse_stat(*text);
  if (!found) return Error{Errc::InvalidInput, file + ": not as proc(5) says"};
  return std::move(*found);
}

}  // namespace

// The listening sshd leads a session, and so does the one that it starts for a connection. Of a user who is
// not root there is another below that one, in its session, which begins only when the user is let in.
Result<Login> find_login(const std::string& proc, pid_t pid) {
  auto at = read_stat(proc, pid);
  if (!at) return at.error();
  bool console = at->has_console();
  std::optional<Ancestor> sshd;
  for (int i = 0; i < kMostAncestors; ++i) {
    const bool ends = at->parent <= 0;  // of a namespace whose other processes cannot be seen, too
    if (ends && sshd) return Login{Login::Kind::Ssh, sshd->began};
    if (ends) return Login{console ? Login::Kind::Console : Login::Kind::Other, 0};
    at = read_stat(proc, at->parent);
    if (!at) return at.error();
    console = console || at->has_console();  // sudo gives its program a terminal of its own
    const bool same = at->is_sshd() && (!sshd || sshd->session == at->session);
    if (sshd && !same) return Login{Login::Kind::Ssh, sshd->began};
    if (same) sshd = *at;
  }
  return Error{Errc::InvalidInput, proc + ": there is no end of ancestors"};
}

std::int64_t boot_ticks() {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  timespec now{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &now);
  const std::int64_t ticks = ::sysconf(_SC_CLK_TCK);
  return now.tv_sec * ticks + now.tv_nsec / (kNanoseconds / ticks);
}

Result<void> got_in_since(const Login& login, std::int64_t ticks) {
  switch (login.kind) {
    case Login::Kind::Console: return {};
    case Login::Kind::Ssh:
      if (login.began > ticks) return {};
      return Error{
          Errc::Refused,
          fmt::format("this SSH connection began before the firewall was loaded, and goes on whatever "
                      "that says: {}",
                      kRemedy)};
    case Login::Kind::Other: break;
  }
  return Error{Errc::Refused,
               fmt::format("no SSH login and no console leads to this process, so it does not show who still "
                           "gets in: {}",
                           kRemedy)};
}

}  // namespace imrs::ctl
