// imrs-zone: gets zones, verifies them and compiles the answer image. Reads its command line and hands
// over; everything else is in compile_command.cc, audit_command.cc, inspect_command.cc, and for the agent's
// children in child.cc here and in dns/audit.
#include <malloc.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "agent/base/log.h"
#include "agent/base/messages.h"
#include "dns/audit/child.h"
#include "dns/image/digest.h"
#include "dns/pipeline/audit_command.h"
#include "dns/pipeline/child.h"
#include "dns/pipeline/compile_command.h"
#include "dns/pipeline/image_keeper.h"
#include "dns/pipeline/inspect_command.h"
#include "dns/pipeline/time_text.h"

namespace {

using namespace imrs;

int report(const Result<std::string>& result) {
  if (!result) {
    std::fprintf(stderr, "imrs-zone: %s\n", result.error().message.c_str());
    return 1;
  }
  std::fputs(result->c_str(), stdout);
  return 0;
}

int serve_agent(const char* name, Result<void> (*run_child)(Channel)) {
  log_start(name, "-", LogLevel::Info);
  const auto ended = run_child(Channel(UniqueFd(kChildChannelFd)));
  if (!ended) log_error("{}", ended.error().message);
  return ended ? 0 : 1;
}

Result<void> run_auditor(Channel channel) {
  return audit::run_child(std::move(channel), pipeline::keep_images);
}

// ldns allocates and frees a large line buffer per record; without this the heap's end goes up and down as
// often, which takes longer than checking all signatures of the root zone.
void keep_heap() {
  constexpr int kTrimAbove = 16 << 20, kGrowBy = 1 << 20;  // octets
  ::mallopt(M_TRIM_THRESHOLD, kTrimAbove);
  ::mallopt(M_TOP_PAD, kGrowBy);
}

CLI::App* add_compile(CLI::App& app, pipeline::CompileOptions& options, std::string& now) {
  auto* compile = app.add_subcommand("compile", "Verify zone files and compile them into an image");
  compile->add_option("--zone", options.zones, "ORIGIN=FILE, as in .=root.zone; repeatable")->required();
  compile->add_option("--trust-anchor", options.trust_anchors,
                      "file of DS or DNSKEY records (/usr/share/dns/root.ds); repeatable");
  compile->add_option("--unsigned", options.unsigned_zones,
                      "ORIGIN of a zone that need not be signed; repeatable");
  compile->add_option("-o,--output", options.output, "the image")->required();
  compile->add_option("--now", now, "verify as of this time: Unix seconds or 2020-10-20T12:00:00Z");
  compile->add_flag("--insecure-no-verify", options.no_verify,
                    "for experiments: check no signature and no ZONEMD");
  return compile;
}

CLI::App* add_audit(CLI::App& app, pipeline::AuditOptions& options, std::string& now) {
  auto* audit = app.add_subcommand("audit", "Prove every answer of an image against its zone files");
  audit->add_option("IMAGE", options.image, "answer image")->required();
  audit->add_option("--zone", options.zones, "ORIGIN=FILE, as in .=root.zone; repeatable")->required();
  audit->add_option("--trust-anchor", options.trust_anchors, "file of DS or DNSKEY records; repeatable");
  audit->add_option("--unsigned", options.unsigned_zones,
                    "ORIGIN of a zone that need not be signed; repeatable");
  audit->add_option("--now", now, "verify as of this time: Unix seconds or 2020-10-20T12:00:00Z");
  return audit;
}

// Runs a command that takes --now.
template <typename Options>
int run_at(Result<std::string> (*run)(const Options&), Options& options, const std::string& now) {
  if (!now.empty()) {
    auto time = pipeline::parse_time(now);
    if (!time) return report(time.error().within("--now"));
    options.now = *time;
  }
  return report(run(options));
}

}  // namespace

int main(int argc, char** argv) {
  pipeline::CompileOptions options;
  pipeline::AuditOptions audit_options;
  std::string now, image;
  bool child = false, audit_child = false, json = false;
  CLI::App app{
      "Gets zones, verifies them (DNSSEC, ZONEMD) and compiles the answer image that "
      "imrs-engine serves."};
  app.require_subcommand(0, 1);
  app.add_flag("--child", child, "be the agent's child (started by imrs-agent only)");
  app.add_flag("--audit-child", audit_child, "be the agent's auditor (started by imrs-agent only)");
  const auto* compile = add_compile(app, options, now);
  const auto* audit = add_audit(app, audit_options, now);
  auto* inspect = app.add_subcommand("inspect", "Check an image and say what is in it");
  inspect->add_option("IMAGE", image, "answer image")->required();
  inspect->add_flag("--json", json, "as one JSON object");
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_NAME, audit_child ? "imrs-audit" : "imrs-zone");
  keep_heap();
  image::prepare_digests();
  if (child) return serve_agent("imrs-zone", pipeline::run_child);
  if (audit_child) return serve_agent("imrs-audit", run_auditor);
  if (*compile) return run_at(pipeline::run_compile, options, now);
  if (*audit) return run_at(pipeline::run_audit, audit_options, now);
  if (*inspect) return report(pipeline::run_inspect(image, json));
  std::fputs(app.help().c_str(), stderr);
  return 2;
}
