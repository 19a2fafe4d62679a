// imrs-engine: answers DNS queries from an image. Reads its command line and hands over; everything else
// is in child.cc (as the agent's child) and standalone.cc.
#include <signal.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <atomic>

#include "agent/base/log.h"
#include "agent/base/messages.h"
#include "dns/engine/child.h"
#include "dns/engine/crash_note.h"
#include "dns/engine/descriptors.h"
#include "dns/engine/rate_limiter.h"
#include "dns/engine/standalone.h"

namespace {

std::atomic<bool> g_stop{false};  // set by a signal handler, which can reach nothing else

int report(const imrs::Result<void>& result) {
  if (result) return 0;
  imrs::log_error("{}", result.error().message);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace imrs;
  engine::StandaloneOptions options;
  bool child = false;
  CLI::App app{
      "Answers DNS queries (UDP and TCP, IPv4 and IPv6) from an answer image that imrs-zone "
      "compiled."};
  app.add_option("--image", options.image, "answer image (imrs-zone compile)");
  app.add_option("--listen", options.listen,
                 "address and port, 192.0.2.1:53 or [2001:db8::1]:53; repeatable");
  app.add_option("--workers", options.workers, "worker threads (default: one per core)")
      ->check(CLI::Range(1, 64));
  app.add_option("--identity", options.identity, "NSID, hostname.bind and id.server")
      ->check(CLI::Validator(
          [](const std::string& text) {
            return text.size() <= 255 ? std::string() : "longer than 255 octets";
          },
          "TEXT"));
  app.add_option("--cookie-secret", options.cookie_secrets,
                 "DNS cookies (RFC 9018): 32 hex digits; repeatable, the first makes cookies, all are taken");
  app.add_option("--rate-limit", options.rate_limit,
                 "UDP responses a second of one answer to one /24 or /56, then TC (default 0: no limit)")
      ->check(CLI::Range(0U, engine::RateLimiter::kMaxPerSecond));
  app.add_flag("--child", child, "be the agent's child (started by imrs-agent only)");
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_NAME, "imrs-engine");
  engine::install_crash_handlers();
  log_start("imrs-engine", "-", LogLevel::Info);
  auto descriptors = engine::raise_descriptor_limit();
  if (!descriptors) return report(descriptors.error());
  if (child) return report(engine::run_child(Channel(UniqueFd(kChildChannelFd)), *descriptors));
  if (options.image.empty() || options.listen.empty()) {
    log_error("--image and at least one --listen are needed; see --help");
    return 2;
  }
  for (const int signal : {SIGINT, SIGTERM}) {
    ::signal(signal, [](int) { g_stop = true; });
  }
  return report(engine::run_standalone(options, *descriptors, g_stop));
}
