// siege: presses a name server in every cheap way at once, for a bounded time, and counts what its UDP
// clients still get. Run by tests/e2e/test_siege.py in the lab's host namespace; siege_base.h says which
// addresses must be local there. One JSON line at the end; status 0 unless it could not do its work. It must
// never be pointed at anything outside a lab.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/siege_base.h"
#include "tests/support/siege_questions.h"
#include "tests/support/siege_syn.h"
#include "tests/support/siege_tcp.h"
#include "tests/support/siege_udp.h"

namespace {

using namespace imrs::siege;

constexpr rlim_t kOwnDescriptors = 256;

struct Settings {
  std::vector<std::string> targets{"199.7.83.42"};
  std::uint16_t port = 53;
  std::string names;
  double seconds = 10;
  double rate = 50000, syn_rate = 5000, open_rate = 2000;
  std::size_t idle = 10000, drip = 500, deaf = 500;
  unsigned udp_clients = 128;
};

void add_options(CLI::App& app, Settings& settings) {
  app.add_option("--target", settings.targets, "addresses of the service; the SYN flood takes the first");
  app.add_option("--port", settings.port);
  app.add_option("--names", settings.names, "file with a delegated name of one label in each line")
      ->required();
  app.add_option("--seconds", settings.seconds, "of UDP load, once every connection has been begun")
      ->check(CLI::Range(0.1, 120.0));
  app.add_option("--rate", settings.rate, "UDP questions a second")->check(CLI::Range(1.0, 1e6));
  app.add_option("--idle", settings.idle, "TCP connections that say nothing")->check(CLI::Range(0, 50000));
  app.add_option("--drip", settings.drip, "those that ask an octet a second")->check(CLI::Range(0, 50000));
  app.add_option("--deaf", settings.deaf, "those that ask much and never read")->check(CLI::Range(0, 50000));
  app.add_option("--open-rate", settings.open_rate, "connections begun a second, at most")
      ->check(CLI::Range(1.0, 1e5));
  app.add_option("--syn-rate", settings.syn_rate, "SYNs a second from nobody")->check(CLI::Range(0.0, 1e5));
  app.add_option("--udp-clients", settings.udp_clients, "each in a prefix of its own")
      ->check(CLI::Range(1U, TcpSiege::kFirstClient));
}

std::vector<std::string> read_names(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.size() < 64) names.push_back(line);
  }
  if (names.empty()) die(path + " has no names");
  return names;
}

void allow_descriptors(std::size_t connections) {
  rlimit limit{};
  const rlim_t wanted = connections + kOwnDescriptors;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) die("RLIMIT_NOFILE");
  limit.rlim_cur = std::max(limit.rlim_cur, wanted);
  limit.rlim_max = std::max(limit.rlim_max, wanted);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) die("RLIMIT_NOFILE for that many connections");
}

nlohmann::json as_json(const UdpCounts& counts, const UdpLoad& load) {
  const auto sent = static_cast<double>(counts.sent);
  return {{"sent", counts.sent},
          {"offered_qps", sent / counts.seconds},
          {"skipped", counts.skipped},
          {"unsent", counts.unsent},
          {"answered", counts.answered},
          {"truncated", counts.truncated},
          {"late", counts.late},
          {"wrong", counts.wrong},
          {"unasked", counts.unasked},
          {"lost", counts.lost()},
          {"lost_percent", counts.sent > 0 ? 100 * static_cast<double>(counts.lost()) / sent : 100.0},
          {"latency_us",
           {{"p50", load.latency_us(.5)}, {"p99", load.latency_us(.99)}, {"p999", load.latency_us(.999)}}}};
}

nlohmann::json as_json(const TcpCounts& counts) {
  return {{"opened", counts.opened},
          {"established", counts.established},
          {"refused", counts.refused},
          {"closed_by_server", counts.closed},
          {"open", counts.open}};
}

nlohmann::json as_json(const TcpSiege& tcp) {
  return {{"idle", as_json(tcp.counts(Kind::Idle))},
          {"drip", as_json(tcp.counts(Kind::Drip))},
          {"deaf", as_json(tcp.counts(Kind::Deaf))},
          {"open_least", tcp.open_least()},
          {"open_most", tcp.open_most()}};
}

nlohmann::json besiege(const Settings& settings) {
  std::vector<Endpoint> targets;
  for (const auto& address : settings.targets) targets.push_back(parse_endpoint(address, settings.port));
  const auto names = read_names(settings.names);
  const Questions questions(names);
  UdpLoad udp(targets, settings.udp_clients, questions);
  TcpSiege tcp(targets, {settings.idle, settings.drip, settings.deaf, settings.open_rate}, names.front());
  const auto syn_limit = static_cast<std::uint64_t>(settings.syn_rate * (settings.seconds + 2));

  std::atomic<bool> stop = false, built = false;
  std::uint64_t syns = 0;
  std::thread connecting([&] { tcp.run(stop, built); });
  built.wait(false);  // what the server closes meanwhile takes its share of the rate
  std::thread flooding([&] { syns = flood(targets.front(), settings.syn_rate, syn_limit, stop); });
  const UdpCounts counts = udp.run(settings.rate, settings.seconds);
  stop = true;
  flooding.join();
  connecting.join();
  return {{"udp", as_json(counts, udp)}, {"tcp", as_json(tcp)}, {"syns", syns}, {"seconds", counts.seconds}};
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Besieges a name server in a lab");
  add_options(app, settings);
  CLI11_PARSE(app, argc, argv);
  allow_descriptors(settings.idle + settings.drip + settings.deaf + settings.udp_clients);
  std::printf("%s\n", besiege(settings).dump().c_str());
  return 0;
}
