// imrsctl: the operator's tool. Asks the agent over its control socket and prints what it says.
#include <CLI/CLI.hpp>

#include "agent/ctl/commands.h"

int main(int argc, char** argv) {
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
