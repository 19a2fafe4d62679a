// By which way an operator has come: as made trees of /proc tell it, and of real processes.
#include "agent/ctl/login.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <vector>

#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

using testing::HasSubstr;

struct Process {
  int pid;
  const char* name;
  int parent, session;
  int terminal;  // tty_nr
  int began;
};

constexpr int kVirtual = 4 << 8 | 1, kSerial = 4 << 8 | 64, kSystem = 5 << 8 | 1, kArm = 204 << 8 | 64,
              kHypervisor = 229 << 8;
constexpr int kPty = 136 << 8 | 3, kHighPty = 137 << 8 | 0x80 | 0x100000, kUsb = 188 << 8, kNone = 0;

std::string stat_of(const Process& one) {
  return std::to_string(one.pid) + " (" + one.name + ") S " + std::to_string(one.parent) + " 7 " +
         std::to_string(one.session) + " " + std::to_string(one.terminal) +
         " -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " + std::to_string(one.began) + " 9 9 9\n";
}

void put(const test::TempDirectory& proc, const std::vector<Process>& processes) {
  for (const Process& one : processes) proc.write(std::to_string(one.pid) + "/stat", stat_of(one));
}

constexpr Process kInit{1, "systemd", 0, 1, 0, 2};
constexpr Process kListener{70, "sshd", 1, 70, 0, 10};
constexpr Process kConnection{80, "sshd", 70, 80, 0, 500};

struct LoginCase {
  const char* description;
  std::vector<Process> processes;  // of them 100 is asked for
  Login::Kind want;
  int began;
};

std::vector<LoginCase> cases() {
  using Kind = Login::Kind;
  const auto at = [](int terminal) {
    return std::vector<Process>{{100, "imrsctl", 91, 90, terminal, 900},
                                {91, "bash", 90, 90, terminal, 800},
                                {90, "login", 1, 90, terminal, 700},
                                kInit};
  };
  return {
      {"a forced command",
       {{100, "imrsctl", 91, 91, kNone, 900},
        {91, "imrsctl", 80, 91, kNone, 890},
        kConnection,
        kListener,
        kInit},
       Kind::Ssh,
       500},
      {"sudo of a user, who was let in long after he came",
       {{100, "imrsctl", 92, 92, kPty, 900},
        {92, "sudo", 91, 91, kPty, 890},
        {91, "bash", 81, 91, kPty, 870},
        {81, "sshd", 80, 80, kNone, 860},
        kConnection,
        kListener,
        kInit},
       Kind::Ssh,
       500},
      {"OpenSSH 9.8",
       {{100, "imrsctl", 81, 100, kPty, 900},
        {81, "sshd-session", 80, 80, 0, 860},
        {80, "sshd-session", 70, 80, 0, 500},
        kListener,
        kInit},
       Kind::Ssh,
       500},
      {"sshd for each connection by systemd",
       {{100, "imrsctl", 80, 100, kPty, 900}, {80, "sshd", 1, 80, 0, 600}, kInit},
       Kind::Ssh,
       600},
      {"an SSH connection from here to here counts from the last",
       {{100, "imrsctl", 80, 100, kPty, 900}, kConnection, kListener, kInit, {60, "sshd", 70, 60, 0, 100}},
       Kind::Ssh,
       500},
      {"a name that looks like the fields after it",
       {{100, "a) R 1 (sshd", 95, 95, kPty, 900},
        {95, "x) S 1 1 1 (", 80, 95, kPty, 850},
        kConnection,
        kListener,
        kInit},
       Kind::Ssh,
       500},
      {"a virtual console", at(kVirtual), Kind::Console, 0},
      {"sudo at a console, whose program has a terminal of its own",
       {{100, "imrsctl", 93, 92, kPty, 900},
        {93, "sudo", 91, 91, kVirtual, 890},
        {91, "bash", 90, 90, kVirtual, 800},
        {90, "login", 1, 90, kVirtual, 700},
        kInit},
       Kind::Console,
       0},
      {"a serial line", at(kSerial), Kind::Console, 0},
      {"the system's console", at(kSystem), Kind::Console, 0},
      {"a serial line of an ARM machine", at(kArm), Kind::Console, 0},
      {"a hypervisor's console", at(kHypervisor), Kind::Console, 0},
      {"tmux, which has outlived the connection that began it", at(kPty), Kind::Other, 0},
      {"a pseudo-terminal of a high number", at(kHighPty), Kind::Other, 0},
      {"a modem", at(kUsb), Kind::Other, 0},
      {"no terminal at all", at(kNone), Kind::Other, 0},
      {"a console that sshd was given, too",
       {{100, "imrsctl", 80, 80, kVirtual, 900}, kConnection, kListener, kInit},
       Kind::Ssh,
       500},
      {"a namespace whose beginning cannot be seen", {{100, "imrsctl", 0, 0, kPty, 900}}, Kind::Other, 0},
      {"a program that is called sshd itself", {{100, "sshd", 1, 100, kPty, 900}, kInit}, Kind::Other, 0},
  };
}

TEST(Login, IsFoundByTheAncestors) {
  for (const LoginCase& one : cases()) {
    const test::TempDirectory proc;
    put(proc, one.processes);
    const auto login = find_login(proc.path(), 100);
    ASSERT_TRUE(login) << one.description << ": " << login.error().message;
    EXPECT_EQ(login->kind, one.want) << one.description;
    EXPECT_EQ(login->began, one.began) << one.description;
  }
}

TEST(Login, WhatCannotBeReadIsNobodysLogin) {
  const test::TempDirectory proc;
  EXPECT_FALSE(find_login(proc.path(), 100)) << "not there";
  put(proc, {{100, "imrsctl", 99, 1, kVirtual, 900}});
  EXPECT_FALSE(find_login(proc.path(), 100)) << "its parent is not there";
  put(proc, {{99, "bash", 100, 1, kVirtual, 900}});
  EXPECT_FALSE(find_login(proc.path(), 100)) << "a circle";
  for (const char* text : {"", "100", "100 (imrsctl", "100 imrsctl) S 1", "100 (imrsctl) S 1 1 1 1025",
                           "100 (imrsctl) S x 1 1 1025 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
                           ")100 (imrsctl S 1 1 1 1025 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"}) {
    proc.write("100/stat", text);
    EXPECT_FALSE(find_login(proc.path(), 100)) << text;
  }
}

TEST(Login, HasToHaveBegunSince) {
  constexpr std::int64_t kLoaded = 500;
  EXPECT_TRUE(got_in_since({Login::Kind::Console, 0}, kLoaded));
  EXPECT_TRUE(got_in_since({Login::Kind::Ssh, 501}, kLoaded));
  for (const std::int64_t began : {10, 499, 500}) {
    const auto refused = got_in_since({Login::Kind::Ssh, began}, kLoaded);
    ASSERT_FALSE(refused) << began;
    EXPECT_EQ(refused.error().code, Errc::Refused);
    EXPECT_THAT(refused.error().message, HasSubstr("began before the firewall was loaded"));
  }
  for (const Login& login :
       {Login{Login::Kind::Other, 0}, Login{Login::Kind::Other, 900}, Login{Login::Kind::Ssh, 10}}) {
    EXPECT_THAT(got_in_since(login, kLoaded).error().message,
                HasSubstr("from a new SSH login itself (ssh -o ControlPath=none), not inside tmux or screen, "
                          "or at the console"));
  }
}

TEST(Login, TheClockIsTheOneOfProc) {
  const test::TempDirectory made;
  std::string stat;
  const std::int64_t before = boot_ticks();
  FILE* const child = ::popen("read -r line < /proc/self/stat; echo \"$line\"", "r");
  ASSERT_NE(child, nullptr);
  for (int c = 0; (c = std::fgetc(child)) != EOF;) stat += static_cast<char>(c);
  ::pclose(child);
  const std::int64_t after = boot_ticks();
  // Its parent is taken for the sshd whose beginning is wanted.
  made.write("9/stat", stat_of({9, "imrsctl", 8, 8, 0, 0}));
  made.write("8/stat", "8 (sshd" + stat.substr(stat.rfind(')')));
  made.write(std::to_string(::getpid()) + "/stat", stat_of({::getpid(), "test", 0, 0, 0, 0}));
  const auto login = find_login(made.path(), 9);
  ASSERT_TRUE(login) << login.error().message << " " << stat;
  EXPECT_GE(login->began, before);
  EXPECT_LE(login->began, after);
}

}  // namespace
}  // namespace imrs::ctl
