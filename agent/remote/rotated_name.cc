// Looks names up before they are written down. Called by `imrsctl remote`. It must never give a word back
// that agent.json does not have in that place.
#include "agent/remote/rotated_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "agent/remote/shell_words.h"

namespace imrs::remote {
namespace {

using nlohmann::json;

constexpr std::string_view kPassword = "rotate bgp-password", kTsigKey = "rotate tsig-key";
constexpr std::size_t kOwnWords = 2;  // "rotate" and what

// Options may stand before it.
std::optional<std::size_t> place_of_name(const Call& call) {
  if (call.rule->words != kPassword && call.rule->words != kTsigKey) return {};
  for (std::size_t i = kOwnWords; i < call.words.size(); ++i) {
    if (!call.words[i].starts_with('-')) return i;
  }
  return {};
}

// The member, or null.
const json* member(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found == object.end() ? nullptr : &*found;
}

bool has_name(const json* list, const std::string& name) {
  if (list == nullptr || !list->is_array()) return false;
  return std::ranges::any_of(*list, [&](const json& one) {
    const json* const own = member(one, "name");
    return own != nullptr && own->is_string() && own->get_ref<const std::string&>() == name;
  });
}

}  // namespace

Named look_up_name(const Call& call, const Result<std::string>& agent_json) {
  const auto place = place_of_name(call);
  if (!place) return Named::Nobody;
  const json config = agent_json ? json::parse(*agent_json, nullptr, false) : json();
  if (!config.is_object()) return Named::Unclear;
  const json* list = member(config, "tsig_keys");
  if (call.rule->words == kPassword) {
    const json* const bgp = member(config, "bgp");
    list = bgp == nullptr ? nullptr : member(*bgp, "neighbours");
  }
  return has_name(list, call.words[*place]) ? Named::Known : Named::Unknown;
}

std::string written_down(const Call& call, Named named) {
  const auto place = place_of_name(call);
  if (!place || named == Named::Known) return quoted(call.words);
  std::string out;
  for (std::size_t i = 0; i < call.words.size(); ++i) {
    out += (i == 0 ? "" : " ") + (i == *place ? "***" : quoted({call.words[i]}));
  }
  return out;
}

Error unknown_name(const Call& call) {
  const bool password = call.rule->words == kPassword;
  return Error{Errc::Refused,
               fmt::format("{}: agent.json has no {} of that name, which is not repeated here, for it may be "
                           "a secret: that belongs on standard input. If it was one, rotate it: it has been "
                           "on a command line",
                           call.rule->words, password ? "neighbour" : "TSIG key")};
}

}  // namespace imrs::remote
