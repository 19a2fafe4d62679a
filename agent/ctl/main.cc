// imrsctl: the operator's tool. Asks the agent over its control socket and prints what it says.
#include <CLI/CLI.hpp>

#include "agent/ctl/commands.h"
#include "agent/privileges.h"

int main(int argc, char** argv) {
  // First: a core dump would keep the secrets that go through here. Where it cannot be prevented that is said
  // and no more: the agent would not start, but an order to withdraw must not fail by it.
  if (auto undumpable = imrs::agent::make_undumpable(); !undumpable) {
    imrs::ctl::fail("warning: a core dump could hold secrets: " + undumpable.error().message, 0);
  }
  imrs::ctl::Options options;
  int exit_code = imrs::ctl::kGood;
  CLI::App app{"Asks the agent of this appliance what it does, and gives it orders.", "imrsctl"};
  app.set_version_flag("--version", "imrsctl " IMRS_VERSION);
  imrs::ctl::add_commands(app, options, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // asking for help is one, too
    return app.exit(error) == 0 ? imrs::ctl::kGood : imrs::ctl::kBadUse;
  }
  return exit_code;
}
