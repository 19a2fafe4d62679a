// tests/dns/transfer/nsd.h
// A real NSD as the primary of one root zone on a loopback port of its own; ends with the object.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "agent/base/unique_fd.h"
#include "dns/transfer/client.h"
#include "tests/dns/zone/zone_files.h"
#include "tests/support/free_port.h"

namespace imrs::test {

class Nsd {
 public:
  static bool installed() { return ::access(kProgram, X_OK) == 0; }

  // `key`: "NAME ALGORITHM SECRET"; nobody gets the zone without it then.
  explicit Nsd(const std::string& zone_file, std::array<std::string, 3> key = {})
      : key_(std::move(key)), port_(free_port()) {
    set_zone(read_text(zone_file));
    const std::string config = dir_.write("nsd.conf", config_text());
    pid_ = ::fork();
    if (pid_ != 0) return;
    const int log = ::open(dir_.path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, 1);
    ::dup2(log, 2);
    ::execl(kProgram, kProgram, "-d", "-c", config.c_str(), nullptr);
    ::_exit(127);
  }
  Nsd(const Nsd&) = delete;
  Nsd& operator=(const Nsd&) = delete;
  ~Nsd() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

  // NSD reads it when it starts and on reload().
  void set_zone(const std::string& text) { dir_.write("root.zone", text); }
  void reload() const { ::kill(pid_, SIGHUP); }

  // NSD tells nobody when it is ready, so it is asked: a bounded number of times.
  [[nodiscard]] bool wait_until_serving(std::uint32_t serial = 0) const {
    for (int i = 0; i < 500; ++i) {
      auto client = transfer::Client::connect({"127.0.0.1", port_}, "", {});
      if (client) {
        auto got = client->soa_serial(wire::Name());
        if (got && (serial == 0 || *got == serial)) return true;
      }
      ::poll(nullptr, 0, 20);
    }
    return false;
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string log() const { return read_text(dir_.path("log")); }

 private:
  static constexpr const char* kProgram = "/usr/sbin/nsd";

  [[nodiscard]] std::string config_text() const {
    std::string text = "server:\n  ip-address: 127.0.0.1@" + std::to_string(port_) +
                       "\n  username: \"\"\n  chroot: \"\"\n  server-count: 1\n  zonesdir: \"" +
                       dir_.path("") + "\"\n  database: \"\"\n  zonelistfile: \"" + dir_.path("zone.list") +
                       "\"\n  xfrdfile: \"" + dir_.path("xfrd.state") + "\"\n  xfrdir: \"" + dir_.path("") +
                       "\"\n  pidfile: \"\"\n  logfile: \"" + dir_.path("log") +
                       "\"\nremote-control:\n  control-enable: no\n";
    if (!key_[0].empty()) {
      text += "key:\n  name: \"" + key_[0] + "\"\n  algorithm: " + key_[1] + "\n  secret: \"" + key_[2] +
              "\"\n";
    }
    return text +
           "zone:\n  name: \".\"\n  zonefile: \"root.zone\"\n  store-ixfr: yes\n  create-ixfr: yes\n  "
           "provide-xfr: 127.0.0.1 " +
           (key_[0].empty() ? "NOKEY" : key_[0]) + "\n";
  }

  TempDir dir_;
  std::array<std::string, 3> key_;
  std::uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace imrs::test
