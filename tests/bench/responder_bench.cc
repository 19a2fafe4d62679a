// imrs-bench-responder: nanoseconds per answer of the responder alone, by class of query (Google Benchmark;
// its options apply). No socket, one thread. IMRS_BENCH_ZONE=FILE takes a root zone from a file, one record a
// line, instead of one made here. Refuses to measure answers that are not what the class says.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "dns/answer/responder.h"
#include "dns/wire/protocol.h"
#include "tests/support/root_sized.h"
#include "tests/support/test_zones.h"

namespace {

using namespace imrs;
using test::Query;

class Server {
 public:
  explicit Server(const std::string& zone_text) : image_(test::image_of({{".", zone_text}})) {
    cookies_.count = 1;
    cookies_.secrets[0].fill(0x5a);
  }

  answer::Outcome ask(const Query& query) { return answer::respond(context_, client_, query, response_); }

 private:
  std::shared_ptr<const image::Image> image_;
  answer::Identity identity_{"bench", "bench"};
  answer::CookieSecrets cookies_;
  answer::Context context_{*image_, identity_, cookies_, 1'790'000'000, 0};
  std::array<std::uint8_t, 4> address_{127, 0, 0, 1};
  answer::Client client_{Transport::Udp, address_};
  std::array<std::uint8_t, wire::kMaxUdpResponse> response_{};
};

void require(const test::QueryClass& c, Server& server) {
  for (const Query& query : c.queries) {
    const answer::Outcome outcome = server.ask(query);
    if (outcome.size > 0 && outcome.rcode == c.rcode) continue;
    std::fprintf(stderr, "imrs-bench-responder: %s: rcode %u, %zu octets; not what this class should give\n",
                 c.name, unsigned(outcome.rcode), outcome.size);
    std::exit(1);
  }
}

void measure(benchmark::State& state, Server& server, const std::vector<Query>& queries) {
  std::size_t next = 0, octets = 0;
  for (auto _ : state) {
    const answer::Outcome outcome = server.ask(queries[next]);
    benchmark::DoNotOptimize(octets += outcome.size);
    benchmark::ClobberMemory();
    next = next + 1 < queries.size() ? next + 1 : 0;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["octets"] = benchmark::Counter(double(octets), benchmark::Counter::kAvgIterations);
}

}  // namespace

int main(int argc, char** argv) {
  const char* file = std::getenv("IMRS_BENCH_ZONE");
  const test::RootZone zone = file != nullptr ? test::read_root_zone(file) : test::make_root_zone();
  Server server(zone.text);
  const auto classes = test::query_classes(zone);
  const auto mix = test::mix_of(classes);
  for (const test::QueryClass& c : classes) {
    require(c, server);
    benchmark::RegisterBenchmark(c.name, [&](benchmark::State& state) { measure(state, server, c.queries); });
  }
  benchmark::RegisterBenchmark("mix", [&](benchmark::State& state) { measure(state, server, mix); });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
