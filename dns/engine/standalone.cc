// imrs-engine for experiments, comparisons and tests. Called by main. Each worker has its own sockets for
// every address.
#include "dns/engine/standalone.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <thread>

#include "agent/base/dns_sockets.h"
#include "agent/base/log.h"
#include "dns/engine/descriptors.h"
#include "dns/engine/engine.h"
#include "dns/engine/sandbox.h"
#include "dns/engine/version.h"
#include "dns/image/digest.h"

namespace imrs::engine {
namespace {

constexpr unsigned kMaxWorkers = 64;  // as --workers takes

struct ListenAddress {
  Family family = Family::V4;
  std::string address;
  std::uint16_t port = 0;
};

Error bad_address(const std::string& text) {
  return Error{Errc::InvalidInput, "--listen " + text +
                                       ": not an address and port; write 192.0.2.1:53 or "
                                       "[2001:db8::1]:53"};
}

Result<ListenAddress> parse_listen(const std::string& text) {
  ListenAddress out;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return bad_address(text);
  out.address = text.substr(0, colon);
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data() + colon + 1, end, out.port);
  if (error != std::errc() || after != end || out.port == 0) return bad_address(text);
  if (out.address.front() == '[' && out.address.back() == ']') {
    out.family = Family::V6;
    out.address = out.address.substr(1, out.address.size() - 2);
  }
  in6_addr ignored{};
  const int domain = out.family == Family::V4 ? AF_INET : AF_INET6;
  if (::inet_pton(domain, out.address.c_str(), &ignored) != 1) return bad_address(text);
  return out;
}

Result<std::vector<WorkerSocket>> open_sockets(const std::vector<std::string>& listen,
                                               std::uint32_t workers) {
  std::vector<WorkerSocket> sockets;
  for (std::size_t service = 0; service < listen.size(); ++service) {
    auto parsed = parse_listen(listen[service]);
    if (!parsed) return parsed.error();
    for (const Transport transport : kTransports) {
      for (std::uint32_t worker = 0; worker < workers; ++worker) {
        auto fd = open_dns_socket(parsed->family, transport, parsed->address, parsed->port, {});
        if (!fd) return fd.error();
        sockets.push_back({{.worker = static_cast<std::uint8_t>(worker),
                            .transport = static_cast<std::uint8_t>(transport),
                            .family = static_cast<std::uint8_t>(parsed->family),
                            .service = static_cast<std::uint8_t>(service),
                            .probe = 0},
                           std::move(*fd)});
      }
    }
  }
  return sockets;
}

Result<answer::CookieSecrets> parse_secrets(const std::vector<std::string>& texts) {
  answer::CookieSecrets out;
  for (const std::string& text : texts) {
    if (out.count == out.kMax) return Error{Errc::InvalidInput, "--cookie-secret: at most 3 are of use"};
    answer::SipKey& secret = out.secrets[out.count++];
    const char* const end = text.data() + text.size();
    bool right = text.size() == 2 * secret.size();
    for (std::size_t i = 0; right && i < secret.size(); ++i) {
      const char* const pair = text.data() + 2 * i;
      right = std::from_chars(pair, std::min(pair + 2, end), secret[i], 16).ptr == pair + 2;
    }
    if (!right) return Error{Errc::InvalidInput, "--cookie-secret: not 32 hexadecimal digits (RFC 9018)"};
  }
  return out;
}

std::array<std::uint64_t, 2> random_key() {
  std::random_device source;
  std::array<std::uint64_t, 2> key{};
  for (std::uint64_t& word : key) word = std::uint64_t{source()} << 32 | source();
  return key;
}

}  // namespace

Result<void> run_standalone(const StandaloneOptions& options, std::size_t descriptors,
                            const std::atomic<bool>& stop) {
  image::prepare_digests();
  auto image = image::Image::load_file(options.image);
  if (!image) return image.error().within("--image");
  const std::uint32_t workers = options.workers != 0
                                    ? options.workers
                                    : std::clamp(std::thread::hardware_concurrency(), 1U, kMaxWorkers);
  auto sockets = open_sockets(options.listen, workers);
  if (!sockets) return sockets.error();
  auto limits = tcp_limits(descriptors, sockets->size(), workers);
  if (!limits) return limits.error();
  auto memory = counts::Pages::make(workers);
  if (!memory) return memory.error();
  auto pages = counts::Pages::map(memory->get(), workers, true);
  if (!pages) return pages.error();
  auto cookies = parse_secrets(options.cookie_secrets);
  if (!cookies) return cookies.error();
  auto engine = Engine::start(std::move(*sockets), *pages,
                              {.identity = {options.identity, std::string(kVersionText)},
                               .tcp = *limits,
                               .rate_limit = options.rate_limit,
                               .rate_key = random_key(),
                               .source_key = random_key()});
  if (!engine) return engine.error();
  (*engine)->set(*cookies, {}, 0);
  if (auto caged = enter_sandbox(); !caged) return caged.error();
  if (auto served = (*engine)->serve(*image, 1, std::chrono::seconds(5)); !served) return served;
  for (const image::ZoneSummary& zone : (*image)->zones()) {
    log_info("zone={} serial={} workers={} serving", zone.origin, zone.serial, workers);
  }
  while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return {};
}

}  // namespace imrs::engine
