// Both sides of an upgrade in place. Called by the supervisor of the agent before, and by main of the agent
// after. Between fork and exec only what is safe there is called.
#include "agent/upgrade.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <string>

#include "agent/base/hex.h"
#include "agent/base/memfd.h"
#include "agent/privileges.h"
#include "agent/spawn.h"

namespace imrs::agent {
namespace {

namespace asio = boost::asio;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kReapInterval{200};
constexpr auto kKept = {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE};

Result<UniqueFd> open_program(const std::string& path) {
  if (!path.starts_with('/')) return Error{Errc::InvalidInput, path + ": must be an absolute file name"};
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error(path);
  return fd;
}

Result<UniqueFd> memfd_of(const HandedOver& state) {
  const std::string text = to_json(state);
  return make_sealed_memfd("imrs-hand-over",
                           {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void set_close_on_exec(const std::vector<int>& fds, bool on) {
  for (const int fd : fds) ::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

// argv and envp for execveat(2), made before a fork.
class Call {
 public:
  Call(const NextProgram& next, int memfd, bool test)
      : words_{"imrs-agent", "--config", next.config_file, "--take-over", std::to_string(memfd)},
        environment_(next.environment) {
    if (test) words_.emplace_back("--self-test");
    environment_.emplace_back("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    environment_.emplace_back("LANG=C");
    if (const char* journal = std::getenv("JOURNAL_STREAM")) {
      environment_.push_back(std::string("JOURNAL_STREAM=") + journal);
    }
    for (std::string& word : words_) argv_.push_back(word.data());
    for (std::string& variable : environment_) envp_.push_back(variable.data());
    argv_.push_back(nullptr);
    envp_.push_back(nullptr);
  }
  // Returns only when it failed.
  void exec(int program) { ::fexecve(program, argv_.data(), envp_.data()); }

 private:
  std::vector<std::string> words_, environment_;
  std::vector<char*> argv_, envp_;
};

[[noreturn]] void exec_test(Call& call, int program, const std::vector<int>& fds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it holds the device too
  if (!keep_over_exec(kKept)) ::_exit(126);
  set_close_on_exec(fds, false);
  call.exec(program);
  ::_exit(127);
}

int hung_tests = 0;  // children that have been killed and have not ended; of the loop

// Takes the exit status whenever it comes.
asio::awaitable<void> reap(asio::any_io_executor executor, pid_t pid) {
  asio::steady_timer timer(executor);
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    timer.expires_after(kReapInterval);
    const auto [error] = co_await timer.async_wait(kNoThrow);
    if (error) co_return;
  }
  --hung_tests;
}

// A disk that hangs holds up the end of a killed process, too: the loop must not wait for it.
void give_up_on(const asio::any_io_executor& executor, pid_t pid) {
  ::kill(pid, SIGKILL);  // not waited for yet: the number is still its own
  ++hung_tests;
  spawn(executor, reap(executor, pid));
}

// Waits for the child's end; kills it at the limit.
asio::awaitable<Result<void>> wait_for(asio::any_io_executor executor, pid_t pid, UniqueFd pidfd,
                                       std::chrono::milliseconds most) {
  using namespace asio::experimental::awaitable_operators;
  asio::posix::stream_descriptor ended(executor, pidfd.release());
  asio::steady_timer limit(executor, most);
  auto first = co_await (ended.async_wait(asio::posix::descriptor_base::wait_read, kNoThrow) ||
                         limit.async_wait(kNoThrow));
  if (first.index() == 1) {
    give_up_on(executor, pid);
    co_return Error{Errc::Refused, fmt::format("no end within {} ms", most.count())};
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) co_return Result<void>();
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNeedsRestart) {
    co_return Error{Errc::Refused, "what has changed since the start needs a restart; the log says what"};
  }
  co_return Error{Errc::Refused, WIFSIGNALED(status) ? fmt::format("killed by signal {}", WTERMSIG(status))
                                                     : fmt::format("exit code {}", WEXITSTATUS(status))};
}

template <typename T>
std::vector<UniqueFd> owned(const T& fds) {
  std::vector<UniqueFd> out;
  for (const int fd : fds) out.emplace_back(fd);
  return out;
}

ServiceSockets sockets_of(const HandedEngine& engine) {
  std::vector<ServiceSockets::Entry> entries;
  for (const HandedSocket& one : engine.sockets) {
    SocketRole role;
    role.worker = static_cast<std::uint8_t>(one.worker);
    role.transport = static_cast<std::uint8_t>(one.transport);
    role.family = static_cast<std::uint8_t>(one.family);
    role.service = static_cast<std::uint8_t>(one.service);
    role.probe = static_cast<std::uint8_t>(one.probe);
    entries.push_back({role, UniqueFd(one.fd)});
  }
  return ServiceSockets(std::move(entries));
}

Result<SharedImage> image_of(const HandedEngine& engine) {
  auto memfd = std::make_shared<UniqueFd>(engine.image);
  auto image = image::Image::map(memfd->get());
  if (!image) return image.error().within("the image that was handed over");
  if (hex_text((*image)->digest()) != engine.digest)
    return Error{Errc::Refused, "the image that was handed over is another one"};
  return SharedImage{std::move(*image), std::move(memfd)};
}

}  // namespace

std::string self_test_alarm() {
  if (hung_tests == 0) return {};
  return "a self-test hangs and does not end though killed: it holds the device, which would outlive this "
         "agent";
}

asio::awaitable<Result<void>> self_test(asio::any_io_executor executor, NextProgram next, HandedOver state,
                                        std::chrono::milliseconds limit) {
  if (hung_tests > 0) co_return Error{Errc::Unavailable, self_test_alarm()};
  auto program = open_program(next.path);
  if (!program) co_return program.error();
  auto memfd = memfd_of(state);
  if (!memfd) co_return memfd.error();
  std::vector<int> fds = state.descriptors();
  fds.push_back(memfd->get());
  Call call(next, memfd->get(), true);
  const pid_t pid = ::fork();
  if (pid < 0) co_return system_error("fork");
  if (pid == 0) exec_test(call, program->get(), fds);
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const Error error = system_error("pidfd_open");
    give_up_on(executor, pid);
    co_return error;
  }
  auto passed = co_await wait_for(executor, pid, std::move(pidfd), limit);
  if (!passed) co_return passed.error().within(next.path + " has not passed its self-test");
  co_return passed;
}

Error become_next(const NextProgram& next, const HandedOver& state) {
  auto program = open_program(next.path);
  if (!program) return program.error();
  auto memfd = memfd_of(state);
  if (!memfd) return memfd.error();
  std::vector<int> fds = state.descriptors();
  fds.push_back(memfd->get());
  if (auto kept = keep_over_exec(kKept); !kept) return kept.error();
  Call call(next, memfd->get(), false);
  set_close_on_exec(fds, false);
  call.exec(program->get());
  const Error error = system_error(next.path);
  set_close_on_exec(fds, true);
  (void)end_keeping(kKept);
  return error;
}

Result<TakenOver> take_over(const Config& config, int memfd) {
  const UniqueFd owned_memfd(memfd);
  auto state = read_handed_over(memfd);
  if (!state) return state.error();
  if (auto ended = end_keeping(kKept); !ended) return ended.error();
  set_close_on_exec(state->descriptors(), true);
  if (state->shape != shape_of(config)) {
    return Error{Errc::Refused,
                 "device, service addresses, workers, listeners or users have changed in the "
                 "configuration: that needs a restart"};
  }
  auto device = AnycastDevice::adopt(UniqueFd(state->tun), config.service.device, config.service.addresses,
                                     state->carrier, state->link_up);
  if (!device) return device.error();
  auto image = image_of(state->engine);
  if (!image) return image.error();
  auto locked = lock_memory();
  if (!locked && locked.error().code != Errc::Unavailable) return locked.error();
  const Error handed{Errc::Unavailable, "the one that was handed over is served"};
  Prepared prepared{.launcher = Channel(UniqueFd(state->launcher)),
                    .only_one = UniqueFd(state->only_one),
                    .device = std::move(*device),
                    .sockets = sockets_of(state->engine),
                    .notify = owned(state->notify),
                    .web = WebLink::adopt(config, owned(state->noc), owned(state->ops)),
                    .state = {},
                    .kept_time = Error{Errc::Unavailable, "the trusted time was handed over"},
                    .clock = WallClockWatch::adopt(
                        TrustedClock(state->clock_offset, state->clock_synchronised), state->clock_floor),
                    .image = handed,
                    .orders = StandingOrders(),
                    .control = UniqueFd(state->control),
                    .memory_lock = std::move(locked)};
  return TakenOver{std::move(*state), std::move(prepared), std::move(*image)};
}

}  // namespace imrs::agent
