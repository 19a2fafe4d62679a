// imrsctl config confirm as it is run: below a process called sshd, which is a shell of that name, and
// without one that counts.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "agent/base/directory.h"
#include "agent/ctl/config_files.h"
#include "agent/ctl/login.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

using testing::HasSubstr;

// A connection that has been taken. Whoever has come by it says "imrsctl config confirm" when he is told to.
class PlayedConnection {
 public:
  // `before`: shell words that imrsctl is run by.
  PlayedConnection(const test::TempDirectory& directory, const std::string& name,
                   const std::string& before = "")
      : said_(directory.path(name + ".said")) {
    const std::string confirm = before + " " IMRSCTL " config confirm --config " +
                                directory.path("agent.json");
    const std::string script = "read -r go; " + confirm + " >" + said_ + " 2>&1; exit $?";
    shell_ = ::popen(("exec " + directory.path(name) + " -c '" + script + "'").c_str(), "w");
    if (shell_ == nullptr) std::abort();
  }
  PlayedConnection(const PlayedConnection&) = delete;
  PlayedConnection& operator=(const PlayedConnection&) = delete;
  ~PlayedConnection() {
    if (shell_ != nullptr) ::pclose(shell_);
  }

  // The exit status, and what imrsctl has said.
  [[nodiscard]] std::pair<int, std::string> confirm() {
    std::fputs("go\n", shell_);
    const int status = ::pclose(shell_);
    shell_ = nullptr;
    std::ifstream in(said_);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, {std::istreambuf_iterator<char>(in), {}}};
  }

 private:
  std::string said_;
  FILE* shell_ = nullptr;
};

void wait_for_next_tick() {
  const std::int64_t now = boot_ticks();
  while (boot_ticks() == now) ::usleep(1000);
}

class LoginConfirm : public testing::Test {
 protected:
  LoginConfirm() {
    for (const char* name : {"sshd", "sshd-session"}) {
      std::filesystem::copy_file(std::filesystem::canonical("/bin/sh"), directory_.path(name));
    }
    directory_.write("agent.json", "old");
  }

  // A trial whose firewall has just been loaded, and which waits for the operator.
  void begin_trial() {
    lock_ = *lock_directory(directory_.path());
    ASSERT_TRUE(change_.save().ok() && change_.mark(1, false).ok());
    ASSERT_TRUE(change_.ask(boot_ticks()).ok());
    wait_for_next_tick();
  }

  test::TempDirectory directory_;
  ConfigChange change_{directory_.path("agent.json"), ""};
  UniqueFd lock_;
};

TEST_F(LoginConfirm, ANewConnectionIsTaken) {
  for (const char* name : {"sshd", "sshd-session"}) {
    begin_trial();
    const auto [status, said] = PlayedConnection(directory_, name).confirm();
    EXPECT_EQ(status, 0) << said;
    EXPECT_TRUE(change_.is_confirmed());
    lock_.reset();
  }
}

// As under sudo, which keeps neither the process nor the environment.
TEST_F(LoginConfirm, WhateverIsBetween) {
  begin_trial();
  const auto [status, said] =
      PlayedConnection(directory_, "sshd", "env -i sh -c \"setsid -w \\\"\\$@\\\"\" sh").confirm();
  EXPECT_EQ(status, 0) << said;
  EXPECT_TRUE(change_.is_confirmed());
}

TEST_F(LoginConfirm, OneThatWasThereBeforeIsNot) {
  PlayedConnection own(directory_, "sshd"), other(directory_, "sshd-session", "env -i");
  begin_trial();
  for (PlayedConnection* const one : {&own, &other}) {
    const auto [status, said] = one->confirm();
    EXPECT_EQ(status, 1);
    EXPECT_THAT(said, HasSubstr("this SSH connection began before the firewall was loaded"));
    EXPECT_FALSE(change_.is_confirmed());
  }
}

// What tmux, screen and systemd-run make of a process: the sshd that it came by is not above it any more. The
// tests may themselves run below an older one: a new one is what it has to be without.
TEST_F(LoginConfirm, OneThatWasDetachedIsNot) {
  begin_trial();
  const std::string script =
      "while grep -q sshd /proc/$(cut -d' ' -f4 /proc/$$/stat)/comm; do sleep .01; done\n"
      "cd " +
      directory_.path() + "\n" +
      IMRSCTL
      " config confirm --config $PWD/agent.json >said.new 2>&1\n"
      "mv said.new said\n";
  const std::string detached = directory_.write("detached", script);
  const std::string command = directory_.path("sshd") + " -c '(setsid sh " + detached + " &)'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  for (int i = 0; i < 1000 && !directory_.has("said"); ++i) ::usleep(10'000);
  EXPECT_FALSE(change_.is_confirmed());
  EXPECT_THAT(directory_.read("said"), HasSubstr("not inside tmux or screen, or at the console"));
}

}  // namespace
}  // namespace imrs::ctl
