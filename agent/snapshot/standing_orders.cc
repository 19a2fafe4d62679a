// Reads and keeps standing orders. Called by the agent when it starts, and by imrsctl after each order. What
// it is given may come from an agent that was taken over: never more than orders are written, nor elsewhere.
#include "agent/snapshot/standing_orders.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/base/directory.h"
#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"

namespace imrs {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMost = 64U << 10;  // octets of the file
constexpr int kLocking = 100;             // attempts
constexpr std::chrono::milliseconds kLockAgain{20};
constexpr std::array<std::string_view, 2> kOrders{"drain", "withdraw"};
constexpr std::array<std::string_view, 2> kChecks{"soa-expire", "signature-dates"};

Error bad(std::string what) { return Error{Errc::InvalidInput, std::move(what)}; }

StandingOrders parsed(const Json& json) {
  StandingOrders orders;
  orders.start = json.value("start", std::string());
  orders.number = json.value("number", std::uint64_t{0});
  for (const Json& one : json.at("overlaid")) {
    orders.overlaid.push_back({one.at("neighbour").get<std::string>(), one.at("order").get<std::string>(),
                               one.value("reason", std::string())});
  }
  for (const Json& one : json.at("waived")) {
    orders.waived.push_back({one.at("check").get<std::string>(), one.at("until").get<std::int64_t>()});
  }
  return orders;
}

Result<UniqueFd> locked(const std::string& directory) {
  auto lock = lock_directory(directory);
  for (int i = 1; i < kLocking && !lock && lock.error().code == Errc::Unavailable; ++i) {
    std::this_thread::sleep_for(kLockAgain);
    lock = lock_directory(directory);
  }
  return lock;
}

std::string file_in(const std::string& state_directory) {
  return fmt::format("{}/{}", state_directory, kOrdersFile);
}

}  // namespace

std::string to_json(const StandingOrders& orders) {
  Json json{{"start", orders.start},
            {"number", orders.number},
            {"overlaid", Json::array()},
            {"waived", Json::array()}};
  for (const auto& one : orders.overlaid) {
    json["overlaid"].push_back({{"neighbour", one.neighbour}, {"order", one.order}, {"reason", one.reason}});
  }
  for (const auto& one : orders.waived) {
    json["waived"].push_back({{"check", one.check}, {"until", one.until}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<StandingOrders> parse_standing_orders(std::string_view json_text) {
  if (json_text.size() > kMost) return bad(fmt::format("more than {} octets of standing orders", kMost));
  StandingOrders orders;
  try {
    orders = parsed(Json::parse(json_text));
  } catch (const Json::exception& error) {
    return bad(std::string("not standing orders: ") + error.what());
  }
  for (const auto& one : orders.overlaid) {
    if (std::ranges::count(kOrders, one.order) == 0) return bad("unknown order \"" + one.order + "\"");
  }
  for (const auto& one : orders.waived) {
    if (std::ranges::count(kChecks, one.check) == 0) return bad("unknown check \"" + one.check + "\"");
  }
  return orders;
}

Result<StandingOrders> read_standing_orders(const std::string& state_directory) {
  if (state_directory.empty()) return StandingOrders();
  const std::string path = file_in(state_directory);
  const auto text = read_regular_file(path, kMost);
  if (!text && text.error().code == Errc::Unavailable) return StandingOrders();
  if (!text) return text.error();
  auto orders = parse_standing_orders(*text);
  if (!orders) return orders.error().within(path);
  return orders;
}

Result<void> keep_standing_orders(const StandingOrders& orders, const std::string& state_directory) {
  const auto lock = locked(state_directory);
  if (!lock) return lock.error();
  const auto there = read_standing_orders(state_directory);
  if (there && there->start == orders.start && there->number > orders.number) return {};
  const std::string text = to_json(orders);
  const mode_t mask = ::umask(077);
  auto written = write_whole(file_in(state_directory),
                             {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  ::umask(mask);
  return written;
}

}  // namespace imrs
