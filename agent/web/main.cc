// imrs-web: shows the instance's state, to the host's NOC and to operations. Reads its command line and
// hands over; everything else is in child.cc (as the agent's child) and standalone.cc.
#include <signal.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>

#include "agent/base/log.h"
#include "agent/base/messages.h"
#include "agent/web/child.h"
#include "agent/web/standalone.h"

namespace {

int report(const imrs::Result<void>& result) {
  if (result) return 0;
  imrs::log_error("{}", result.error().message);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace imrs;
  web::StandaloneOptions options;
  bool child = false;
  CLI::App app{
      "Shows the state of an IMRS instance over HTTP. Runs as imrs-agent's child; by itself "
      "only for experiments."};
  app.add_option("--snapshot", options.snapshot, "state to show: a JSON file, as /api/state gives it");
  app.add_option("--noc", options.noc, "listen here for the host's NOC: 127.0.0.1:8080, [::1]:8080");
  app.add_option("--ops", options.ops, "listen here for operations");
  app.add_option("--age", options.age_seconds, "how old the state shall seem, in seconds")
      ->check(CLI::Range(0, 1000000));
  app.add_flag("--child", child, "be the agent's child (started by imrs-agent only)");
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_NAME, "imrs-web");
  ::signal(SIGPIPE, SIG_IGN);
  log_start("imrs-web", "-", LogLevel::Info);
  if (child) return report(web::run_child(Channel(UniqueFd(kChildChannelFd))));
  if (options.snapshot.empty() || (options.noc.empty() && options.ops.empty())) {
    log_error("--snapshot and --noc or --ops are needed; see --help");
    return 2;
  }
  return report(web::run_standalone(options));
}
