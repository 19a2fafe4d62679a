// Which names are written down of a rotation, and what stands for the others.
#include "agent/remote/rotated_name.h"

#include <gmock/gmock.h>

#include "agent/remote/shell_words.h"
#include "example_config.h"

namespace imrs::remote {
namespace {

using testing::HasSubstr;
using testing::Not;

Call call_of(const std::string& line) {
  const auto words = shell_words(line);
  const auto call = words ? authorize(Role::Operator, *words) : Result<Call>(words.error());
  EXPECT_TRUE(call) << line;
  return call ? *call : Call{};
}

TEST(RotatedName, OnlyWhatTheConfigurationHasIsWrittenDown) {
  const Result<std::string> good = example_agent_json("/etc/imrs");
  const Result<std::string> wrong = std::string(
      R"({"bgp": {"neighbours": [{"name": "host4"}, {}, 5]}, "x": 1})");
  const Result<std::string> odd = std::string(R"({"bgp": {"neighbours": 5}, "tsig_keys": {"name": "n."}})");
  const Result<std::string> gone = Error{Errc::Unavailable, "agent.json is not there"};
  const struct {
    const char* line;
    Result<std::string> agent_json;
    Named want;
    const char* written;
  } cases[] = {
      {"rotate bgp-password host4", good, Named::Known, "rotate bgp-password host4"},
      {"rotate tsig-key imrs-lab.", good, Named::Known, "rotate tsig-key imrs-lab."},
      {"rotate tsig-key --restart imrs-lab.", good, Named::Known, "rotate tsig-key --restart imrs-lab."},
      {"rotate bgp-password a3c4e5f6", good, Named::Unknown, "rotate bgp-password ***"},
      {"rotate bgp-password host", good, Named::Unknown, "rotate bgp-password ***"},
      {"rotate tsig-key host4", good, Named::Unknown, "rotate tsig-key ***"},
      {"rotate tsig-key imrs-lab", good, Named::Unknown, "rotate tsig-key ***"},
      {"rotate tsig-key --restart YW5v", good, Named::Unknown, "rotate tsig-key --restart ***"},
      {"rotate tsig-key YW5v --restart", good, Named::Unknown, "rotate tsig-key *** --restart"},
      {"rotate bgp-password host4", wrong, Named::Known, "rotate bgp-password host4"},
      {"rotate tsig-key n.", wrong, Named::Unknown, "rotate tsig-key ***"},
      {"rotate bgp-password host4", odd, Named::Unknown, "rotate bgp-password ***"},
      {"rotate tsig-key n.", odd, Named::Unknown, "rotate tsig-key ***"},
      {"rotate bgp-password host4", gone, Named::Unclear, "rotate bgp-password ***"},
      {"rotate bgp-password host4", std::string("{"), Named::Unclear, "rotate bgp-password ***"},
      {"rotate bgp-password host4", std::string("[]"), Named::Unclear, "rotate bgp-password ***"},
      {"rotate certificate", gone, Named::Nobody, "rotate certificate"},
      {"rotate trust-anchor --remove 1", gone, Named::Nobody, "rotate trust-anchor --remove=1"},
      {"drain host9 --reason 'new disks'", good, Named::Nobody, "drain host9 '--reason=new disks'"},
  };
  for (const auto& one : cases) {
    const Call call = call_of(one.line);
    const Named named = look_up_name(call, one.agent_json);
    EXPECT_EQ(named, one.want) << one.line;
    EXPECT_EQ(written_down(call, named), one.written) << one.line;
  }
}

TEST(RotatedName, WhyItIsRefusedDoesNotHaveIt) {
  const Error error = unknown_name(call_of("rotate bgp-password a3c4e5f6"));
  EXPECT_THAT(error.message, HasSubstr("rotate bgp-password: agent.json has no neighbour of that name"));
  EXPECT_THAT(error.message, Not(HasSubstr("a3c4")));
  EXPECT_THAT(unknown_name(call_of("rotate tsig-key a3c4e5f6")).message, HasSubstr("no TSIG key"));
}

}  // namespace
}  // namespace imrs::remote
