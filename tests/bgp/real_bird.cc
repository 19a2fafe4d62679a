// Runs /usr/sbin/bird for the tests. Everything stays inside the child's namespaces and ends with it.
#include "real_bird.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>

namespace imrs::bgp::test {
namespace {

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

bool set_up(const char* name) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  const bool ok = ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  ::close(fd);
  return ok;
}

// bird inherits the descriptor: the device lives as long as it does.
bool make_device(const char* name) {
  const int tun = ::open("/dev/net/tun", O_RDWR);
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  return tun >= 0 && ::ioctl(tun, TUNSETIFF, &request) == 0 && set_up(name);
}

[[noreturn]] void run_bird(const std::string& directory, int ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int own_user = ::geteuid() == 0 ? 0 : CLONE_NEWUSER;
  const std::string log = directory + "/bird.log";
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const bool prepared = ::unshare(CLONE_NEWNET | own_user) == 0 && set_up("lo") && make_device("anycast0") &&
                        ::chdir(directory.c_str()) == 0 && ::dup2(out, STDERR_FILENO) >= 0;
  if (prepared) {
    if (::write(ready, "x", 1) != 1) ::_exit(1);
    ::close(ready);
    const std::string program = bird_program();
    ::execl(program.c_str(), "bird", "-f", "-c", "bird.conf", "-s", "bird.ctl", "-P", "bird.pid", nullptr);
  }
  ::_exit(1);
}

}  // namespace

std::string bird_program() {
  for (const char* path : {"/usr/sbin/bird", "/usr/local/sbin/bird"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return {};
}

std::string bird_complaint(const std::string& config_text, const std::string& directory) {
  const std::string file = directory + "/check.conf";
  write_file(file, config_text);
  FILE* pipe = ::popen((bird_program() + " -p -c " + file + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "bird did not start";
  std::string output;
  char buffer[512];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) output += buffer;
  const int status = ::pclose(pipe);
  if (status == 0) return output;
  return output + "exit status " + std::to_string(status);
}

Config example_config() {
  Config config;
  config.prefixes = {{Family::V4, "199.7.83.0/24", PrefixRole::Specific},
                     {Family::V6, "2001:500:9f::/48", PrefixRole::Specific},
                     {Family::V6, "2001:500:3::/48", PrefixRole::Specific},
                     {Family::V4, "199.7.82.0/23", PrefixRole::Covering},
                     {Family::V6, "2001:500:9e::/47", PrefixRole::Covering}};
  config.bgp.router_id = "192.0.2.1";
  NeighbourConfig host4;
  host4.name = "host4";
  host4.address = {Family::V4, "192.0.2.2"};
  host4.source = {Family::V4, "192.0.2.1"};
  host4.as = 64500;
  host4.interface = "a0";
  host4.password = "an-md5-password";
  host4.gtsm = true;
  host4.bfd = true;
  NeighbourConfig host6;
  host6.name = "host6";
  host6.address = {Family::V6, "2001:db8:0:1::2"};
  host6.source = {Family::V6, "2001:db8:0:1::1"};
  host6.as = 4200000000;
  host6.hold_time = 90;
  host6.keepalive_time = 30;
  host6.connect_delay_time = 2;
  host6.connect_retry_time = 10;
  host6.max_prefix = 5;
  host6.prepend = 2;
  host6.communities = {"64500:100", "4200000000:1:2"};
  config.bgp.neighbours = {host4, host6};
  return config;
}

RealBird::RealBird(const std::string& directory, const std::string& config_text) {
  write_file(directory + "/bird.conf", config_text);
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return;
  pid_ = ::fork();
  if (pid_ == 0) run_bird(directory, ready[1]);
  ::close(ready[1]);
  char byte = 0;
  const bool prepared = ::read(ready[0], &byte, 1) == 1;
  ::close(ready[0]);
  if (!prepared) kill();
}

RealBird::~RealBird() { kill(); }

void RealBird::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace imrs::bgp::test
