// What an operator may write into a site sheet: either it is refused, or what comes of it is a configuration
// that the agent takes, with a firewall that is whole. The same octets are read as the secrets' file, too.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/config/config.h"
#include "agent/site/firewall.h"
#include "agent/site/site_secrets.h"
#include "agent/site/site_sheet.h"
#include "tests/fuzz/expect.h"

using namespace imrs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto site = site::read_site(text, {});
  if (!site) {
    fuzz::expect(!site.error().message.empty(), "a refusal says why");
  } else {
    const auto config = parse_config(site->agent_json, site::placeholder_secrets(site->secrets));
    fuzz::expect(config.ok(), "what is made is taken");
    const std::string rules = site::firewall_rules(*config);
    fuzz::expect(rules.starts_with("# Made by") && rules.ends_with("}\n}\n"), "the rules are whole");
    const auto empty = site::fill_secrets(site->secrets, {});
    fuzz::expect(empty.ok() && site::check_together(site->agent_json, empty->json).ok(), "a skeleton fits");
  }
  const site::SecretsWanted wanted{.neighbours = {"host4"}, .keys = {"key."}, .cookies = true};
  const auto filled = site::fill_secrets(wanted, {.given = std::string(text), .before = {}, .random = {}});
  fuzz::expect(!filled ||
                   site::fill_secrets(wanted, {.given = filled->json, .before = {}, .random = {}}).ok(),
               "what is filled can be given");
  return 0;
}
