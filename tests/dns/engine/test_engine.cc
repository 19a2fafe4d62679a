// Starts engines for tests; ends the program with a message where that fails.
#include "tests/dns/engine/test_engine.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "agent/base/dns_sockets.h"
#include "tests/dns/engine/client.h"

namespace imrs::test {
namespace {

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "test engine: %s\n", error.message.c_str());
  std::abort();
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  // The port stands at the same place for both families.
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// All sockets of one family on one port that the kernel chooses. Only the first of them is sure to
// get it: for TCP the same port may be somebody else's.
Result<std::vector<engine::WorkerSocket>> try_open_family(Family family, std::uint8_t workers,
                                                          std::uint8_t probe) {
  std::vector<engine::WorkerSocket> out;
  std::uint16_t port = 0;
  for (const Transport transport : kTransports) {
    for (std::uint8_t worker = 0; worker < workers; ++worker) {
      auto fd = open_dns_socket(family, transport, family == Family::V4 ? "127.0.0.1" : "::1", port, {});
      if (!fd) return fd.error();
      port = port_of(fd->get());
      out.push_back({{worker, static_cast<std::uint8_t>(transport), static_cast<std::uint8_t>(family),
                      static_cast<std::uint8_t>(family), probe},
                     std::move(*fd)});
    }
  }
  return out;
}

std::vector<engine::WorkerSocket> open_family(Family family, std::uint8_t workers, std::uint8_t probe) {
  constexpr int kMostPorts = 20;
  for (int attempt = 1;; ++attempt) {
    auto sockets = try_open_family(family, workers, probe);
    if (sockets) return std::move(*sockets);
    if (attempt == kMostPorts) give_up(sockets.error());
  }
}

}  // namespace

LoopbackSockets open_loopback(std::uint8_t workers, std::uint8_t probe) {
  LoopbackSockets out;
  for (const Family family : kFamilies) {
    auto sockets = open_family(family, workers, probe);
    out.port[static_cast<std::size_t>(family)] = port_of(sockets.front().fd.get());
    std::move(sockets.begin(), sockets.end(), std::back_inserter(out.sockets));
  }
  return out;
}

counts::Pages new_pages(std::uint32_t workers) {
  const auto memory = counts::Pages::make(workers);
  if (!memory) give_up(memory.error());
  auto pages = counts::Pages::map(memory->get(), workers, true);
  if (!pages) give_up(pages.error());
  return std::move(*pages);
}

TestEngine::TestEngine(std::uint8_t workers, engine::TcpLimits limits, std::uint8_t probe,
                       std::uint32_t rate_limit)
    : pages_(new_pages(workers)) {
  LoopbackSockets loopback = open_loopback(workers, probe);
  std::copy(std::begin(loopback.port), std::end(loopback.port), std::begin(port_));
  auto engine = engine::Engine::start(std::move(loopback.sockets), pages_,
                                      {.identity = {"lab01", "IMRS"},
                                       .tcp = limits,
                                       .rate_limit = rate_limit,
                                       .rate_key = {1, 2},
                                       .source_key = {3, 4}});
  if (!engine) give_up(engine.error());
  engine_ = std::move(*engine);
}

void TestEngine::serve(std::shared_ptr<const image::Image> image) {
  auto served = engine_->serve(std::move(image), ++generation_, std::chrono::milliseconds(kPatienceMs));
  if (!served) give_up(served.error());
}

}  // namespace imrs::test
