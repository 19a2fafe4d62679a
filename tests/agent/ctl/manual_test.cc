// imrsctl's manual page and completion: everything it can do is in them, and groff and bash take them.
#include "agent/ctl/manual.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <sstream>

#include "agent/ctl/commands.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

// imrsctl as its main makes it.
struct Program {
  Options options;
  int exit_code = 0;
  CLI::App app{"Asks the agent of this appliance what it does, and gives it orders.", "imrsctl"};
  Program() {
    app.set_version_flag("--version", "imrsctl 1.0");
    add_commands(app, options, exit_code);
  }
};

struct Outcome {
  std::string output;  // of both
  int status = 0;
};

Outcome run(const std::string& command) {
  Outcome out;
  FILE* const pipe = ::popen(("exec 2>&1; " + command).c_str(), "re");
  if (pipe == nullptr) return {"popen failed", -1};
  std::array<char, 4096> piece;
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), pipe))
    out.output.append(piece.data(), n);
  out.status = ::pclose(pipe);
  return out;
}

bool is_there(const std::string& program) { return run("command -v " + program).status == 0; }

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> shown_options(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return !option->get_group().empty(); });
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

// What the page says of one command, or of the program ("").
std::string part_of(const std::string& page, const std::string& command) {
  const std::string head = command.empty() ? ".SH OPTIONS\n" : ".SS " + escaped(command) + "\n";
  const std::size_t begin = page.find(head);
  if (begin == std::string::npos) return "";
  return page.substr(begin, page.find("\n.S", begin + 1) - begin);
}

TEST(Manual, HasEveryCommand) {
  const Program program;
  const std::string page = manual_page(program.app);
  const auto commands = commands_of(program.app);
  ASSERT_GE(commands.size(), 14U);
  for (const CLI::App* command : commands) {
    const std::string part = part_of(page, command->get_name());
    EXPECT_THAT(part, HasSubstr(escaped(command->get_description()))) << command->get_name();
    EXPECT_FALSE(command->get_description().empty()) << command->get_name();
  }
}

TEST(Manual, HasEveryOption) {
  const Program program;
  const std::string page = manual_page(program.app);
  auto apps = commands_of(program.app);
  apps.push_back(&program.app);
  int options = 0;
  for (const CLI::App* app : apps) {
    const std::string part = part_of(page, app == &program.app ? "" : app->get_name());
    for (const CLI::Option* option : shown_options(*app)) {
      const std::string where = app->get_name() + " " + option->get_name();
      EXPECT_FALSE(option->get_description().empty()) << where;
      EXPECT_THAT(part, HasSubstr(escaped(option->get_description()))) << where;
      for (const std::string& name : option->get_lnames()) {
        EXPECT_THAT(part, HasSubstr(escaped("--" + name))) << where;
      }
      if (option->get_positional()) {
        EXPECT_THAT(part, HasSubstr(".B " + option->get_name(true))) << where;
      }
      ++options;
    }
  }
  EXPECT_GT(options, 30);
}

TEST(Manual, HasTheExitStatuses) {
  const Program program;
  const std::string page = manual_page(program.app);
  EXPECT_THAT(page, HasSubstr(".TH imrsctl 8\n"));
  EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS\n0: done"));
  EXPECT_THAT(page, HasSubstr("3: status: not everything is announced;"));
}

TEST(Manual, WhatRoffWouldTakeForItsOwnIsWritten) {
  CLI::App app{".so /etc/passwd", "odd"};
  app.footer("'tis");
  app.add_subcommand("back", "a \\fBbackslash\\fR")->add_flag("--flag")->description(".sp 99");
  const std::string page = manual_page(app);
  EXPECT_THAT(page, HasSubstr("\\e")) << "a backslash";
  EXPECT_THAT(page, Not(HasSubstr("\n.sp")));
  EXPECT_THAT(page, Not(HasSubstr("\n'")));
  EXPECT_THAT(page, HasSubstr("a \\efBbackslash\\efR"));
}

// Each line of a text from elsewhere, not only its first.
TEST(Manual, AControlLineIsOneOnNoLine) {
  CLI::App app{"text", "odd"};
  app.footer("first\n.so /etc/passwd\n'sp");
  EXPECT_THAT(manual_page(app), AllOf(Not(HasSubstr("\n.so")), Not(HasSubstr("\n'sp"))));
}

TEST(Manual, GroffTakesIt) {
  if (!is_there("groff")) GTEST_SKIP() << "groff is NOT installed: nobody has looked at the page";
  const Program program;
  test::TempDirectory directory;
  const std::string file = directory.write("imrsctl.8", manual_page(program.app));
  const Outcome bad = run("printf '.TH x 8\\n.nonsense\\n' | groff -man -ww -z");
  EXPECT_NE(bad.output, "") << "the check does not find what is wrong";
  const Outcome outcome = run("groff -man -ww -z " + file);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, "");
}

TEST(Manual, ManShowsIt) {
  if (!is_there("groff")) GTEST_SKIP() << "groff is NOT installed: nobody has looked at the page";
  const Program program;
  test::TempDirectory directory;
  const std::string file = directory.write("imrsctl.8", manual_page(program.app));
  const std::string shown = run("groff -man -Tascii -P-cbou -rLL=2000n " + file).output;
  for (const char* text : {"imrsctl - Asks the agent", "rssac002-merge", "--json", "--until TEXT", "--top",
                           "0: done; status: everything is announced."}) {
    EXPECT_THAT(shown, HasSubstr(text));
  }
}

class Completion : public testing::Test {
 protected:
  Completion() : file_(directory_.write("imrsctl.bash", bash_completion(program_.app))) {}

  // What bash offers after these words, of which the last is begun.
  [[nodiscard]] std::set<std::string> offered(const std::string& words, int count) const {
    const std::string script = directory_.write(
        "ask.bash",
        "source '" + file_ + "'\ncomplete -p imrsctl >/dev/null || exit 1\nCOMP_WORDS=(" + words +
            ")\nCOMP_CWORD=" + std::to_string(count - 1) +
            "\n_imrsctl imrsctl\n(( ${#COMPREPLY[@]} )) && printf '%s\\n' \"${COMPREPLY[@]}\"\nexit 0\n");
    const Outcome outcome = run("bash --norc --noprofile " + script);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    std::istringstream lines(outcome.output);
    std::set<std::string> out;
    for (std::string line; std::getline(lines, line);) out.insert(line);
    return out;
  }

  Program program_;
  test::TempDirectory directory_;
  std::string file_;
};

TEST_F(Completion, BashTakesIt) {
  ASSERT_TRUE(is_there("bash")) << "the completion is for bash";
  const Outcome outcome = run("bash -n " + file_);
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "");
}

TEST_F(Completion, OffersEveryCommand) {
  std::set<std::string> commands;
  for (const CLI::App* command : commands_of(program_.app)) commands.insert(command->get_name());
  ASSERT_GE(commands.size(), 14U);
  const std::set<std::string> offer = offered("imrsctl ''", 2);
  EXPECT_THAT(offer, IsSupersetOf(commands));
  EXPECT_THAT(offer, IsSupersetOf({"--help", "--socket", "--version"}));
}

TEST(Manual, HasCommandsBelowCommands) {
  const Program program;
  const std::string page = manual_page(program.app);
  EXPECT_THAT(page, HasSubstr(".SS config apply\n"));
  EXPECT_THAT(page, HasSubstr("\\-\\-dry\\-run"));
}

TEST_F(Completion, OffersCommandsBelowCommands) {
  EXPECT_THAT(offered("imrsctl config a", 3), ElementsAre("apply"));
  EXPECT_THAT(offered("imrsctl config apply --dry", 4), ElementsAre("--dry-run"));
}

TEST_F(Completion, CompletesWhatIsBegun) {
  EXPECT_THAT(offered("imrsctl st", 2), ElementsAre("stats", "status"));
  EXPECT_THAT(offered("imrsctl rss", 2), ElementsAre("rssac002-merge"));
  EXPECT_THAT(offered("imrsctl --so", 2), ElementsAre("--socket"));
  EXPECT_THAT(offered("imrsctl nonsense", 2), testing::IsEmpty());
}

TEST_F(Completion, OffersACommandsOptions) {
  for (const CLI::App* command : commands_of(program_.app)) {
    std::set<std::string> options;
    for (const CLI::Option* option : shown_options(*command)) {
      for (const std::string& name : option->get_lnames()) options.insert("--" + name);
    }
    EXPECT_EQ(offered("imrsctl " + command->get_name() + " --", 3), options) << command->get_name();
  }
  EXPECT_THAT(offered("imrsctl --socket /x stats --t", 5), ElementsAre("--top"));
}

}  // namespace
}  // namespace imrs::ctl
