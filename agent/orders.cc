// Requests and standing orders as text. Called by the supervisor. What it reads may come from anybody who
// is root and mistypes.
#include "agent/orders.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/base/regular_file.h"

namespace imrs::agent {
namespace {

using Json = nlohmann::json;
using health::Overlay;

Error bad(std::string what) { return Error{Errc::InvalidInput, std::move(what)}; }

// Text of a member, or nothing; what is not text is thrown.
std::string text_of(const Json& json, const char* key) {
  return json.contains(key) ? json.at(key).get<std::string>() : std::string();
}

Result<SharedCheck> parse_check(const std::string& name) {
  std::string known;
  for (const SharedCheck check : kSharedChecks) {
    if (name == to_string(check)) return check;
    known += fmt::format("{}{}", known.empty() ? "" : " or ", to_string(check));
  }
  return bad(fmt::format("there is no shared check \"{}\"; it may be {}", name, known));
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

std::string to_json(const StandingOrders& orders) {
  Json json{{"overlaid", Json::array()}, {"waived", Json::array()}};
  for (const auto& one : orders.overlaid) {
    json["overlaid"].push_back({{"neighbour", one.neighbour},
                                {"order", std::string(health::to_string(one.overlay))},
                                {"reason", one.reason}});
  }
  for (const auto& one : orders.waived) {
    json["waived"].push_back({{"check", std::string(to_string(one.check))}, {"until", one.until}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<StandingOrders> parse_standing_orders(std::string_view json_text) {
  StandingOrders orders;
  try {
    const Json json = Json::parse(json_text);
    for (const Json& one : json.at("overlaid")) {
      const std::string order = one.at("order").get<std::string>();
      if (order != "drain" && order != "withdraw") return bad("unknown order \"" + order + "\"");
      orders.overlaid.push_back({one.at("neighbour").get<std::string>(),
                                 order == "drain" ? Overlay::Drain : Overlay::Withdraw,
                                 text_of(one, "reason")});
    }
    for (const Json& one : json.at("waived")) {
      const auto check = parse_check(one.at("check").get<std::string>());
      if (!check) return check.error();
      orders.waived.push_back({*check, one.at("until").get<std::int64_t>()});
    }
  } catch (const Json::exception& error) {
    return bad(std::string("not standing orders: ") + error.what());
  }
  return orders;
}

Result<StandingOrders> read_standing_orders(const std::string& state_directory) {
  constexpr std::size_t kMost = 64 * 1024;
  if (state_directory.empty()) return StandingOrders();
  const std::string path = fmt::format("{}/{}", state_directory, kOrdersFile);
  auto file = open_regular_file(path);
  if (!file && file.error().code == Errc::Unavailable) return StandingOrders();
  if (!file) return file.error();
  std::string text(kMost, '\0');
  const ssize_t size = ::read(file->get(), text.data(), text.size());
  if (size < 0) return system_error(path);
  text.resize(static_cast<std::size_t>(size));
  auto orders = parse_standing_orders(text);
  if (!orders) return orders.error().within(path);
  return orders;
}

std::string done_json(const std::string& text, const StandingOrders& now,
                      const std::string& state_directory) {
  Json json{{"text", text}};
  if (!state_directory.empty()) {
    json["keep"] = {{"file", fmt::format("{}/{}", state_directory, kOrdersFile)}, {"content", to_json(now)}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string error_json(const std::string& why) {
  return Json{{"error", why}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace imrs::agent
