// tests/dns/pipeline/program.h
// Runs the built imrs-zone: once with arguments, or as a child on a channel, with the test as its agent.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <ios>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/channel.h"
#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "agent/base/trusted_clock.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::test {

// Starts imrs-zone with its output in files of `dir`; `channel` becomes descriptor 3 if it is valid.
inline pid_t start_zone_program(const TempDir& dir, const std::vector<std::string>& arguments,
                                int channel = -1) {
  std::vector<std::string> all{IMRS_ZONE_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string out = dir.path("stdout"), err = dir.path("stderr");
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
  ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
  if (channel == kChildChannelFd) {
    ::fcntl(channel, F_SETFD, 0);
  } else if (channel >= 0) {
    ::dup2(channel, kChildChannelFd);
  }
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

struct Outcome {
  int code = -1;  // of exit; -1: it was killed
  std::string out, err;
};

inline Outcome run_zone_program(const std::vector<std::string>& arguments) {
  const TempDir dir;
  int status = 0;
  ::waitpid(start_zone_program(dir, arguments), &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(dir.path("stdout")),
          read_text(dir.path("stderr"))};
}

class ZoneChild {
 public:
  // `notify`: what it receives NOTIFY by, UDP and TCP; may be none.
  explicit ZoneChild(const std::string& settings_json, const std::vector<UniqueFd>& notify = {}) {
    auto pair = Channel::make_pair();
    channel_ = std::move(pair->first);
    pid_ = start_zone_program(dir_, {"--child"}, pair->second.fd());
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    const std::span text(reinterpret_cast<const std::uint8_t*>(settings_json.data()), settings_json.size());
    auto memfd = make_sealed_memfd("settings", text);
    std::vector fds{memfd->get()};
    for (const UniqueFd& fd : notify) fds.push_back(fd.get());
    ZoneSetup setup;
    setup.clock_offset = clock_.offset();
    if (!channel_.send_message(setup, fds)) std::abort();
  }
  ZoneChild(const ZoneChild&) = delete;
  ZoneChild& operator=(const ZoneChild&) = delete;
  ~ZoneChild() {
    if (pid_ > 0) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
  }

  struct Message {
    std::optional<ZoneImage> image;
    std::optional<ZoneReport> report;
    std::vector<UniqueFd> fds;
  };

  // The next message that `wanted` accepts, within ten seconds; the others are counted in `passed_over`.
  std::optional<Message> next(const std::function<bool(const Message&)>& wanted) {
    using Clock = std::chrono::steady_clock;
    for (const auto end = Clock::now() + std::chrono::seconds(10); Clock::now() < end;) {
      auto packet = channel_.wait(10000);
      if (!packet) return std::nullopt;
      if (packet->as<ZoneAlive>()) {
        ++signs_of_life;
        continue;
      }
      Message message{packet->as<ZoneImage>(), packet->as<ZoneReport>(), std::move(packet->fds)};
      if (wanted(message)) return message;
      ++passed_over;
      images_passed_over += message.image ? 1 : 0;
    }
    return std::nullopt;
  }
  std::optional<Message> next_image() {
    return next([](const Message& message) { return message.image.has_value(); });
  }
  std::optional<ZoneReport> next_report(ZoneReport::State state, const std::string& origin = ".") {
    auto message = next([&](const Message& m) {
      return m.report && m.report->state == state && m.report->origin.str() == origin;
    });
    return message ? message->report : std::nullopt;
  }

  // Whether it says nothing for so long, but that it is alive.
  testing::AssertionResult quiet(std::chrono::milliseconds time) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + time;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
      auto packet = channel_.wait(static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
      if (!packet && packet.error().code == Errc::Timeout) return testing::AssertionSuccess();
      if (!packet) return testing::AssertionFailure() << packet.error().message;
      if (!packet->as<ZoneAlive>()) {
        return testing::AssertionFailure() << "a message of type 0x" << std::hex << packet->type();
      }
      ++signs_of_life;
    }
  }

  // Sets its clock by that many seconds from what it was at the start; synchronised from then on.
  void set_clock(std::int64_t by) const {
    ZoneClock message;
    message.clock_synchronised = 1;
    message.clock_offset = clock_.offset() + by;
    if (!channel_.send_message(message)) std::abort();
  }
  [[nodiscard]] const TrustedClock& clock() const { return clock_; }

  void close_channel() { channel_.close(); }
  [[nodiscard]] const Channel& channel() const { return channel_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string log() const { return read_text(dir_.path("stderr")); }

  // The exit code, once it has ended; nothing if it has not by then.
  std::optional<int> wait_for_exit(std::chrono::milliseconds limit) {
    pollfd watch{pidfd_.get(), POLLIN, 0};
    if (::poll(&watch, 1, static_cast<int>(limit.count())) != 1) return std::nullopt;
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  int signs_of_life = 0;
  int passed_over = 0;
  int images_passed_over = 0;

 private:
  TempDir dir_;
  TrustedClock clock_;
  Channel channel_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

}  // namespace imrs::test
