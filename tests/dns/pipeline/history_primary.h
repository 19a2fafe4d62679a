// tests/dns/pipeline/history_primary.h
// NSD or Knot as the primary of a root zone that goes through versions: TSIG on everything, IXFR, NOTIFY.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/dns/transfer/nsd.h"

namespace imrs::test {

inline constexpr const char* kHistoryKey = "lab.";
inline constexpr const char* kHistorySecret = "MTIzNDU2Nzg5MDEyMzQ1NjEyMzQ1Njc4OTAxMjM0NTY=";

class HistoryPrimary {
 public:
  enum class Kind { Nsd, Knot };

  static const char* program(Kind kind) { return kind == Kind::Nsd ? "/usr/sbin/nsd" : "/usr/sbin/knotd"; }

  // NOTIFY goes to that port of the loopback.
  HistoryPrimary(Kind kind, const std::string& zone_file, std::uint16_t notify_port)
      : kind_(kind), port_(free_port()) {
    install(zone_file);
    std::filesystem::create_directory(dir_.path("knot"));
    const std::string config = dir_.write("server.conf", kind == Kind::Nsd ? nsd_config(notify_port)
                                                                           : knot_config(notify_port));
    pid_ = ::fork();
    if (pid_ != 0) return;
    const int log = ::open(dir_.path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, 1);
    ::dup2(log, 2);
    if (kind == Kind::Nsd) ::execl(program(kind), "nsd", "-d", "-c", config.c_str(), nullptr);
    ::execl(program(kind), "knotd", "-c", config.c_str(), nullptr);
    ::_exit(127);
  }
  HistoryPrimary(const HistoryPrimary&) = delete;
  HistoryPrimary& operator=(const HistoryPrimary&) = delete;
  ~HistoryPrimary() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

  void publish(const std::string& zone_file) {
    install(zone_file);
    ::kill(pid_, SIGHUP);
  }

  // Neither tells when it is ready, so it is asked: a bounded number of times.
  [[nodiscard]] bool wait_until_serving() const {
    for (int i = 0; i < 500; ++i) {
      auto client = transfer::Client::connect({"127.0.0.1", port_}, "", {});
      if (client && client->soa_serial(wire::Name()).ok()) return true;
      ::poll(nullptr, 0, 20);
    }
    return false;
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string log() const { return read_text(dir_.path("log")); }

 private:
  void install(const std::string& zone_file) { dir_.write("root.zone", read_text(zone_file)); }

  [[nodiscard]] std::string nsd_config(std::uint16_t notify_port) const {
    const std::string dir = dir_.path(""), port = std::to_string(port_);
    return "server:\n  ip-address: 127.0.0.1@" + port +
           "\n  username: \"\"\n  chroot: \"\"\n  server-count: 1\n  rrl-ratelimit: 0\n  zonesdir: \"" + dir +
           "\"\n  database: \"\"\n  zonelistfile: \"" + dir + "zone.list\"\n  xfrdfile: \"" + dir +
           "xfrd.state\"\n  xfrdir: \"" + dir + "\"\n  pidfile: \"\"\n  logfile: \"" + dir +
           "log\"\nremote-control:\n  control-enable: no\nkey:\n  name: \"" + kHistoryKey +
           "\"\n  algorithm: hmac-sha256\n  secret: \"" + kHistorySecret +
           "\"\nzone:\n  name: \".\"\n  zonefile: \"root.zone\"\n  store-ixfr: yes\n  create-ixfr: yes\n"
           "  provide-xfr: 127.0.0.1 " +
           kHistoryKey + "\n  notify: 127.0.0.1@" + std::to_string(notify_port) + " " + kHistoryKey +
           "\n  notify-retry: 1\n";
  }

  [[nodiscard]] std::string knot_config(std::uint16_t notify_port) const {
    const std::string dir = dir_.path("");
    return "server:\n    listen: 127.0.0.1@" + std::to_string(port_) + "\n    rundir: " + dir +
           "\n    pidfile: " + dir +
           "knot.pid\nlog:\n  - target: stderr\n    any: info\ndatabase:\n"
           "    storage: " +
           dir + "knot\nkey:\n  - id: " + kHistoryKey +
           "\n    algorithm: hmac-sha256\n    secret: " + kHistorySecret +
           "\nremote:\n  - id: appliance\n    address: 127.0.0.1@" + std::to_string(notify_port) +
           "\n    key: " + kHistoryKey + "\nacl:\n  - id: appliance\n    key: " + kHistoryKey +
           "\n    action: transfer\nzone:\n  - domain: .\n    storage: " + dir +
           "\n    file: root.zone\n    zonefile-sync: -1\n    zonefile-load: difference\n"
           "    journal-content: changes\n    semantic-checks: off\n    acl: appliance\n"
           "    notify: appliance\n";
  }

  TempDir dir_;
  Kind kind_;
  std::uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace imrs::test
