// Requests and answers as text. Called by the supervisor. What it reads may come from anybody who is root and
// mistypes.
#include "agent/orders.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>

#include <nlohmann/json.hpp>

#include "agent/base/hex.h"

namespace imrs::agent {
namespace {

using Json = nlohmann::json;
using health::Overlay;

Error bad(std::string what) { return Error{Errc::InvalidInput, std::move(what)}; }

// Text of a member, or nothing; what is not text is thrown.
std::string text_of(const Json& json, const char* key) {
  return json.contains(key) ? json.at(key).get<std::string>() : std::string();
}

Result<std::optional<Family>> parse_family(const std::string& name) {
  if (name.empty()) return std::optional<Family>();
  for (const Family family : kFamilies) {
    if (name == to_string(family)) return std::optional<Family>(family);
  }
  return bad(fmt::format("\"{}\" is no address family; it may be ipv4 or ipv6", name));
}

Result<Request> parse_overlay(const Json& json, Overlay overlay) {
  const auto family = parse_family(text_of(json, "family"));
  if (!family) return family.error();
  Request request{.kind = Request::Kind::Overlay,
                  .overlay = overlay,
                  .family = *family,
                  .neighbour = text_of(json, "neighbour"),
                  .reason = text_of(json, "reason"),
                  .check = {},
                  .until = 0,
                  .program = {}};
  if (request.reason.size() > 100) return bad("the reason is longer than 100 octets");
  return request;
}

Result<Request> parse_object(const Json& json) {
  const std::string verb = json.at("do").get<std::string>();
  if (verb == "drain") return parse_overlay(json, Overlay::Drain);
  if (verb == "withdraw") return parse_overlay(json, Overlay::Withdraw);
  if (verb == "resume") return parse_overlay(json, Overlay::None);
  if (verb == "upgrade") {
    Request upgrade;
    upgrade.kind = Request::Kind::Upgrade;
    upgrade.program = text_of(json, "program");
    return upgrade;
  }
  if (verb != "waive" && verb != "end-waiver") return bad("unknown request \"" + verb + "\"");
  const auto check = parse_check(text_of(json, "check"));
  if (!check) return check.error();
  Request request;
  request.kind = verb == "waive" ? Request::Kind::Waive : Request::Kind::EndWaiver;
  request.check = *check;
  if (verb == "waive") request.until = json.at("until").get<std::int64_t>();
  return request;
}

}  // namespace

Result<SharedCheck> parse_check(const std::string& name) {
  std::string known;
  for (const SharedCheck check : kSharedChecks) {
    if (name == to_string(check)) return check;
    known += fmt::format("{}{}", known.empty() ? "" : " or ", to_string(check));
  }
  return bad(fmt::format("there is no shared check \"{}\"; it may be {}", name, known));
}

Result<Request> parse_request(std::string_view line) {
  Request request;
  if (line == "status") return request;
  if (line == "history") {
    request.kind = Request::Kind::History;
    return request;
  }
  if (line == "counters") {
    request.kind = Request::Kind::Counters;
    return request;
  }
  if (!line.starts_with('{')) return bad("unknown request; is imrsctl of another version?");
  try {
    return parse_object(Json::parse(line));
  } catch (const Json::exception& error) {
    return bad(std::string("not a request: ") + error.what());
  }
}

std::string new_start() {
  std::array<std::uint8_t, 8> octets{};
  (void)!::getrandom(octets.data(), octets.size(), 0);  // of eight octets it cannot fail
  return hex_text(octets);
}

std::string done_json(const std::string& text) {
  return Json{{"text", text}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string done_json(const std::string& text, const StandingOrders& now) {
  return Json{{"text", text}, {"stands", to_json(now)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string error_json(const std::string& why) {
  return Json{{"error", why}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace imrs::agent
