// Starts programs. Called by imrsctl for itself and for systemctl. It must never hand on an environment or a
// descriptor that came from elsewhere.
#include "agent/remote/run_program.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "agent/base/unique_fd.h"

namespace imrs::remote {
namespace {

constexpr int kNotStarted = 127;

struct Call {
  std::vector<std::string> words;
  std::vector<char*> argv;
};

// Only what is safe between fork and exec. What failed goes to the parent as errno.
[[noreturn]] void become(const char* path, char* const* argv, const RunSettings& settings, int report) {
  std::array<char, 64> way{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  std::array<char, 16> language{"LANG=C.UTF-8"};
  const std::array<char*, 3> environment{way.data(), language.data(), nullptr};
  // Not close-on-exec: where standard input was closed, it is standard input already.
  const int nothing = settings.input ? STDIN_FILENO : ::open("/dev/null", O_RDONLY);
  const bool ready = nothing == STDIN_FILENO || ::dup2(nothing, STDIN_FILENO) == STDIN_FILENO;
  // Whoever has started us may have left some open.
  (void)::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  (void)::signal(SIGPIPE, settings.outlives ? SIG_IGN : SIG_DFL);
  ::alarm(static_cast<unsigned>(settings.limit.count()));
  if (ready) ::execve(path, argv, environment.data());
  const int failure = errno;
  (void)!::write(report, &failure, sizeof failure);
  ::_exit(kNotStarted);
}

}  // namespace

Result<int> run_program(const std::string& path, const std::vector<std::string>& words,
                        const RunSettings& settings) {
  Call call{words, {}};
  for (std::string& word : call.words) call.argv.push_back(word.data());
  call.argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe");
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork");
  if (pid == 0) become(path.c_str(), call.argv.data(), settings, to.get());
  to.reset();
  int failure = 0;
  while (::read(from.get(), &failure, sizeof failure) < 0 && errno == EINTR) {
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return system_error("wait for " + path);
  }
  if (failure != 0) return system_error(path, failure);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace imrs::remote
