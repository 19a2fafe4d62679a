// The order commands of imrsctl. Called by its main.
#include "agent/ctl/orders.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>

#include "agent/base/regular_file.h"
#include "agent/snapshot/standing_orders.h"

namespace imrs::ctl {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostConfig = 1U << 20;  // octets

Result<void> keep(const StandingOrders& orders, const std::string& config) {
  const auto directory = state_directory_of(config);
  if (!directory) return directory.error();
  if (directory->empty()) return Error{Errc::Unavailable, config + " has no \"state_directory\""};
  return keep_standing_orders(orders, *directory);
}

Error bad_time(std::string_view text) {
  return Error{
      Errc::InvalidInput,
      fmt::format("\"{}\" is no time; use one like 2026-11-27T12:00:00Z, or +90m, +2h, +3d from now on",
                  text)};
}

Result<std::int64_t> parse_relative(std::string_view text, std::int64_t now) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data() + 1, end, count);
  if (error != std::errc() || end - unit != 1 || count <= 0 || count > 100'000) return bad_time(text);
  switch (*unit) {
    case 'm': return now + count * 60;
    case 'h': return now + count * 3600;
    case 'd': return now + count * 86400;
    default: return bad_time(text);
  }
}

}  // namespace

Result<std::string> overlay_request(std::string_view verb, const std::vector<std::string>& words,
                                    const std::string& reason) {
  Json json{{"do", std::string(verb)}};
  for (const std::string& word : words) {
    const bool v4 = word == "v4" || word == "ipv4", v6 = word == "v6" || word == "ipv6";
    const char* const key = v4 || v6 ? "family" : "neighbour";
    if (json.contains(key)) {
      return Error{Errc::InvalidInput, fmt::format("\"{}\": give one {} at most", word, key)};
    }
    json[key] = v4 ? "ipv4" : v6 ? "ipv6" : word;
  }
  if (!reason.empty()) json["reason"] = reason;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string waive_request(const std::string& check, std::int64_t until) {
  return Json{{"do", "waive"}, {"check", check}, {"until", until}}.dump(-1, ' ', false,
                                                                        Json::error_handler_t::replace);
}

std::string upgrade_request(const std::string& program) {
  Json json{{"do", "upgrade"}};
  if (!program.empty()) json["program"] = program;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string end_waiver_request(const std::string& check) {
  return Json{{"do", "end-waiver"}, {"check", check}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::int64_t> parse_until(std::string_view text, std::int64_t now) {
  if (text.starts_with('+')) return parse_relative(text, now);
  std::tm parts{};
  const std::string copy(text);
  const char* const end = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (end == nullptr || *end != '\0') return bad_time(text);
  return ::timegm(&parts);
}

Result<std::string> state_directory_of(const std::string& config) {
  const auto text = read_regular_file(config, kMostConfig);
  if (!text) return text.error();
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return Error{Errc::InvalidInput, config + ": is no JSON object"};
  const auto found = json.find("state_directory");
  if (found == json.end() || !found->is_string()) return std::string();
  const std::string directory = found->get<std::string>();
  return directory.starts_with('/') ? directory : std::string();
}

Result<std::string> take_answer(std::string_view answer, const std::string& config, std::string& warning) {
  std::string text, stands;
  try {
    const Json json = Json::parse(answer);
    if (json.contains("error")) return Error{Errc::Refused, json.at("error").get<std::string>()};
    text = json.at("text").get<std::string>();
    stands = json.value("stands", std::string());
  } catch (const Json::exception& error) {
    return Error{Errc::InvalidInput, std::string("the agent's answer: ") + error.what()};
  }
  if (stands.empty()) return text;
  const auto orders = parse_standing_orders(stands);
  const auto kept = orders ? keep(*orders, config) : Result<void>(orders.error());
  if (!kept) warning = "in effect, but it will end with the agent's next start: " + kept.error().message;
  return text;
}

}  // namespace imrs::ctl
