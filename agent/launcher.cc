// The launcher process: waits for orders and for its children's ends, in one poll loop. Started by the
// agent's main. It must never read a file, open a socket or take an argument from anyone but the agent;
// when the agent goes, it kills its children and ends.
#include "agent/launcher.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "agent/base/log.h"
#include "agent/base/unique_fd.h"
#include "agent/privileges.h"

namespace imrs::agent {
namespace {

constexpr int kExecFailed = 127;

// The programs, opened while still root: a child's user need not be able to reach their folder, and
// what is started later is what was there when the agent started.
using ProgramFiles = std::array<UniqueFd, kPrograms>;

Result<ProgramFiles> open_programs(const std::string& directory) {
  ProgramFiles files;
  for (std::size_t i = 0; i < kPrograms; ++i) {
    const std::string path = directory + "/" + std::string(program_file(static_cast<Program>(i)));
    files[i].reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!files[i]) return system_error(path + " (it belongs beside imrs-agent)");
  }
  return files;
}

// A child logs as the agent does (agent/base/log.h). Empty if there is none.
std::string journal_variable() {
  const char* const value = std::getenv("JOURNAL_STREAM");
  return value == nullptr ? "" : std::string("JOURNAL_STREAM=") + value;
}

// In the forked child. The channel or the program may themselves be descriptor kChildChannelFd: the
// program moves away first, then dup2 settles the rest.
[[noreturn]] void exec_program(const LauncherSettings& settings, Program program, int program_fd,
                               int channel_fd) {
  const auto fail = [&](const char* what) {
    log_error("program={} cannot start: {}", program_name(program), system_error(what).message);
    ::_exit(kExecFailed);
  };
  const LaunchedUser& user = settings.users[static_cast<std::size_t>(program)];
  const std::string name(program_name(program));
  program_fd = ::fcntl(program_fd, F_DUPFD_CLOEXEC, kChildChannelFd + 1);
  if (program_fd < 0) fail("F_DUPFD_CLOEXEC");
  if (::dup2(channel_fd, kChildChannelFd) < 0) fail("dup2");
  if (channel_fd == kChildChannelFd) ::fcntl(kChildChannelFd, F_SETFD, 0);
  if (::close_range(kChildChannelFd + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) fail("close_range");
  if (!limit_bounding_set({})) fail("bounding set");
  if (!become(user.uid, user.gid, {})) fail("setresuid");
  if (!forbid_new_privileges()) fail("no_new_privs");
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail("PR_SET_PDEATHSIG");
  for (const int signal : {SIGPIPE, SIGHUP}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const char* argv[] = {name.c_str(), program == Program::Audit ? "--audit-child" : "--child", nullptr};
  const std::string journal = journal_variable();
  const char* envp[] = {"PATH=/usr/bin:/bin", "LANG=C", journal.empty() ? nullptr : journal.c_str(), nullptr};
  ::fexecve(program_fd, const_cast<char**>(argv), const_cast<char**>(envp));
  fail("fexecve");
  ::_exit(kExecFailed);
}

class LauncherLoop {
 public:
  LauncherLoop(const LauncherSettings& settings, ProgramFiles programs, Channel channel)
      : settings_(settings), programs_(std::move(programs)), channel_(std::move(channel)) {}

  // Returns when the agent has gone.
  Result<void> run() {
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&watched, signal);
    ::sigprocmask(SIG_BLOCK, &watched, nullptr);
    UniqueFd signals(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals) return system_error("signalfd");
    for (;;) {
      std::array<pollfd, 2> fds{{{channel_.fd(), POLLIN, 0}, {signals.get(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return system_error("poll");
      drain(signals.get());
      reap();
      if (fds[0].revents != 0 && !obey()) break;
    }
    end_children();
    return {};
  }

 private:
  static void drain(int signals) {
    signalfd_siginfo info;
    while (::read(signals, &info, sizeof info) == sizeof info) {
    }
  }

  // Handles one order; false when the agent has gone.
  bool obey() {
    auto packet = channel_.receive();
    if (!packet) return packet.error().code != Errc::Closed;
    if (!*packet) return true;
    if (auto order = (*packet)->as<LaunchStart>(); order && (*packet)->fds.size() == 1) {
      start(order->program, std::move((*packet)->fds[0]));
    } else if (auto end = (*packet)->as<LaunchKill>()) {
      if (program_of(end->pid)) ::kill(end->pid, SIGKILL);
    } else if ((*packet)->as<LaunchReload>()) {
      auto programs = open_programs(settings_.program_directory);
      if (programs) programs_ = std::move(*programs);
      if (!programs) log_error("launcher keeps the programs it has: {}", programs.error().message);
    } else if ((*packet)->as<LaunchKillBird>() && (*packet)->fds.size() == 1) {
      if (::syscall(SYS_pidfd_send_signal, (*packet)->fds[0].get(), SIGKILL, nullptr, 0) != 0) {
        log_error("BIRD cannot be killed: {}", system_error("pidfd_send_signal").message);
      }
    }
    return true;
  }

  void start(Program program, UniqueFd child_channel) {
    LaunchStarted started;
    started.program = program;
    const auto index = static_cast<std::size_t>(program);
    if (index >= kPrograms || pids_[index] != 0) {
      started.failure = "already running or unknown";
    } else if (const pid_t pid = ::fork(); pid == 0) {
      exec_program(settings_, program, programs_[index].get(), child_channel.get());
    } else if (pid < 0) {
      started.failure = system_error("fork").message;
    } else {
      pids_[index] = pid;
      started.pid = pid;
    }
    tell(started);
  }

  void reap() {
    for (std::size_t i = 0; i < kPrograms; ++i) {
      int status = 0;
      if (pids_[i] == 0 || ::waitpid(pids_[i], &status, WNOHANG) != pids_[i]) continue;
      LaunchExited exited;
      exited.program = static_cast<Program>(i);
      exited.pid = pids_[i];
      exited.wait_status = status;
      pids_[i] = 0;
      tell(exited);
    }
  }

  template <typename T>
  void tell(const T& message) {
    auto sent = channel_.send_message(message);
    if (!sent && sent.error().code != Errc::Closed) {  // an agent that has gone need not be told
      log_error("launcher cannot tell the agent: {}", sent.error().message);
    }
  }

  [[nodiscard]] std::optional<Program> program_of(pid_t pid) const {
    for (std::size_t i = 0; i < kPrograms; ++i) {
      if (pids_[i] != 0 && pids_[i] == pid) return static_cast<Program>(i);
    }
    return std::nullopt;
  }

  void end_children() {
    for (const pid_t pid : pids_) {
      if (pid == 0) continue;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }

  const LauncherSettings& settings_;
  ProgramFiles programs_;
  Channel channel_;
  std::array<pid_t, kPrograms> pids_{};
};

// The unit's OOMScoreAdjust= is for the agent alone: a child that takes all memory has to be the one that the
// kernel kills for it, not the machine's other services. What cannot be written is as it was before.
void be_killed_like_any_other() {
  const UniqueFd fd(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), "0", 1) != 1) log_warning("oom_score_adj: {}", std::strerror(errno));
}

// Never returns. A session of its own: a Ctrl-C at the terminal reaches the agent alone, which
// withdraws before anything ends.
[[noreturn]] void run_launcher(const LauncherSettings& settings, ProgramFiles programs, Channel channel) {
  const auto check = [](Result<void> result) {
    if (result) return;
    log_error("launcher cannot start: {}", result.error().message);
    ::_exit(1);
  };
  ::setsid();
  ::prctl(PR_SET_NAME, "imrs-launcher");
  ::setpriority(PRIO_PROCESS, 0, 0);  // the unit's Nice= is for the agent alone
  be_killed_like_any_other();
  check(become(settings.self.uid, settings.self.gid, {CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_SETPCAP}));
  check(make_undumpable());
  check(forbid_new_privileges());
  LauncherLoop loop(settings, std::move(programs), std::move(channel));
  check(loop.run());
  ::_exit(0);
}

}  // namespace

std::string_view program_name(Program program) {
  switch (program) {
    case Program::Engine: return "imrs-engine";
    case Program::Zone: return "imrs-zone";
    case Program::Web: return "imrs-web";
    case Program::Audit: return "imrs-audit";
  }
  return "unknown";
}

std::string_view program_file(Program program) {
  return program == Program::Audit ? "imrs-zone" : program_name(program);
}

Result<Channel> start_launcher(const LauncherSettings& settings) {
  auto programs = open_programs(settings.program_directory);
  if (!programs) return programs.error();
  auto pair = Channel::make_pair();
  if (!pair) return pair.error();
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork of the launcher");
  if (pid == 0) {
    pair->first.close();
    run_launcher(settings, std::move(*programs), std::move(pair->second));
  }
  return std::move(pair->first);
}

}  // namespace imrs::agent
