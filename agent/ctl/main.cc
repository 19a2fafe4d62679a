// imrsctl: the operator's tool. Asks the agent over its control socket and prints what it says.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "agent/ctl/client.h"
#include "agent/ctl/render.h"

namespace {

using namespace imrs;

constexpr int kBadUse = 2;

int fail(const std::string& why, int exit_code) {
  std::fprintf(stderr, "imrsctl: %s\n", why.c_str());
  return exit_code;
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (!text.empty() && text.back() != '\n') std::fputs("\n", stdout);
  return 0;
}

std::string with_dot(std::string origin) {
  if (!origin.empty() && origin.back() != '.') origin += '.';
  return origin;
}

}  // namespace

int main(int argc, char** argv) {
  std::string socket = "/run/imrs/control.sock", origin;
  bool json = false;
  CLI::App app{"Asks the agent of this appliance what it does."};
  app.set_version_flag("--version", "imrsctl " IMRS_VERSION);
  app.require_subcommand(1);
  app.add_option("--socket", socket, "the agent's \"control_socket\"")->capture_default_str();
  app.fallthrough();
  auto* const status = app.add_subcommand("status", "decision, prefixes, sessions, alarms");
  auto* const zone = app.add_subcommand("zone", "zones: serial, age, primaries, times, refusals");
  zone->add_option("NAME", origin, "one zone, as in \".\" or arpa");
  for (CLI::App* const command : {status, zone}) command->add_flag("--json", json, "as JSON");
  CLI11_PARSE(app, argc, argv);
  auto answer = ctl::ask_agent(socket, "status");
  if (!answer) return fail(answer.error().message, 1);
  auto snapshot = snapshot_from_json(*answer);
  if (!snapshot) return fail(snapshot.error().message + " (is the agent of another version?)", 1);
  if (*status) return print(json ? *answer : ctl::status_text(*snapshot));
  origin = with_dot(origin);
  const std::string text = json ? ctl::zone_json(*snapshot, origin) : ctl::zone_text(*snapshot, origin);
  if (text.empty() || text == "null")
    return fail("there is no zone " + origin + "; try \"imrsctl zone\"", kBadUse);
  return print(text);
}
