// From the commands and options to their descriptions elsewhere. Called by `imrsctl manual` and `completion`.
#include "agent/ctl/manual.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace imrs::ctl {
namespace {

// What groff would take for something else: a backslash, a hyphen (which it would make a dash), a control
// line.
std::string roff(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    at_start = c == '\n';
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out.push_back(c);
  }
  return out;
}

bool is_shown(const CLI::Option& option) { return !option.get_group().empty(); }

std::string option_entry(const CLI::Option& option) {
  std::string name = option.get_name(false, true);
  if (option.get_items_expected_max() > 0 && !option.nonpositional()) name = option.get_name(true);
  const bool takes_value = option.nonpositional() && option.get_items_expected_max() > 0;
  return fmt::format(".TP\n.B {}{}\n{}\n", roff(name), takes_value ? " " + roff(option.get_type_name()) : "",
                     roff(option.get_description()));
}

std::string options_of(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* option : app.get_options()) {
    if (is_shown(*option)) out += option_entry(*option);
  }
  return out;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::string words_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* command : commands_of(app)) out += command->get_name() + " ";
  for (const CLI::Option* option : app.get_options()) {
    if (!is_shown(*option)) continue;
    for (const std::string& name : option->get_lnames()) out += "--" + name + " ";
  }
  if (!out.empty()) out.pop_back();
  return out;
}

// Of the commands below `app`, and of those below them.
std::string sections_of(const CLI::App& app, const std::string& before) {
  std::string out;
  for (const CLI::App* command : commands_of(app)) {
    const std::string name = before + command->get_name();
    out += fmt::format(".SS {}\n{}\n{}", roff(name), roff(command->get_description()), options_of(*command));
    out += sections_of(*command, name + " ");
  }
  return out;
}

std::string cases_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* command : commands_of(app)) {
    out += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), words_of(*command));
    out += cases_of(*command);
  }
  return out;
}

}  // namespace

std::string manual_page(const CLI::App& app) {
  const std::string& name = app.get_name();
  const std::string out = fmt::format(
      ".TH {} 8\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n[\\fIoption\\fR...] "
      "\\fIcommand\\fR [\\fIoption\\fR...]\n.SH OPTIONS\n{}.SH COMMANDS\n",
      name, name, roff(app.get_description()), name, options_of(app));
  return out + sections_of(app, "") + ".SH EXIT STATUS\n" + roff(app.get_footer()) + "\n";
}

std::string bash_completion(const CLI::App& app) {
  return fmt::format(
      "_{0}() {{\n  local words=\"{1}\" word\n  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
      "    case $word in\n{2}    esac\n  done\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\")\n}}\n"
      "complete -o default -F _{0} {0}\n",
      app.get_name(), words_of(app), cases_of(app));
}

}  // namespace imrs::ctl
