// The receipt of a decommissioning. Called by `imrsctl decommission` at its end.
#include "agent/decommission/receipt.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/decommission/erase.h"
#include "agent/web/text.h"

namespace imrs::decommission {
namespace {

using Json = nlohmann::ordered_json;
using web::printable;

std::string text_of_step(const Journal& journal, const Step& step) {
  for (const Done& done : journal.done) {
    if (done.step == step.id) {
      return fmt::format("  {}  {}: {}\n", web::utc_text(done.time_ms), step.text, printable(done.note));
    }
  }
  return fmt::format("  not done                 {}\n", step.text);
}

std::string digest_of(const Item& item) {
  if (item.kind != "file") return "-";
  return item.sha256.empty() ? "withheld (not for everybody)" : item.sha256;
}

std::uint64_t octets_of(const Journal& journal) {
  std::uint64_t octets = 0;
  for (const Item& item : journal.items) octets += item.size;
  return octets;
}

std::string bulleted(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "  - " + printable(line) + "\n";
  return out;
}

}  // namespace

std::vector<std::string> left_of(const Journal& journal) {
  const Plan& plan = journal.plan;
  std::set<std::string> out;
  for (const Item& item : journal.items) {
    const bool goes = std::ranges::any_of(
        plan.places, [&](const std::string& place) { return is_inside(item.leads_to, place); });
    if (item.kind == "link" && !goes) {
      out.insert(
          fmt::format("{}: behind a symbolic link ({}), where nothing is erased", item.leads_to, item.path));
    }
    if (item.elsewhere) {
      out.insert(fmt::format("what {} holds: the file has a name in another directory too", item.path));
    }
  }
  std::vector<std::string> all(out.begin(), out.end());
  all.insert(all.end(), plan.left.begin(), plan.left.end());
  return all;
}

std::string receipt_text(const Journal& journal, const std::string& machine, std::int64_t ended_ms) {
  const Plan& plan = journal.plan;
  std::string out = fmt::format(
      "Receipt: an IMRS appliance has been decommissioned\n\n"
      "Instance   {}\nMachine    {}\nProgram    imrsctl {}\nBegun      {}\nEnded      {}\n\n"
      "The machine is its host's. It announces nothing, answers nothing and keeps nothing of ICANN's but "
      "what is "
      "said below to be left.\n\nWhat was done\n",
      printable(plan.identity), printable(machine), plan.version, web::utc_text(journal.begun_ms),
      web::utc_text(ended_ms));
  for (const Step& step : steps_of(plan)) out += text_of_step(journal, step);
  out += fmt::format("\nWhat was erased: {}, {} octets (size, SHA-256, what was done, path)\n",
                     web::count_text(journal.items.size(), "file", "files"), octets_of(journal));
  for (const Item& item : journal.items) {
    out += fmt::format("  {:>12}  {:<64}  {}  {}\n", item.size, digest_of(item), item.outcome,
                       printable(item.path));
  }
  out += fmt::format(
      "\n{}\n\nWhat is left\n{}\nFor ICANN: ______________________   For the host: "
      "______________________\n",
      kAboutErasing, bulleted(left_of(journal)));
  return out;
}

std::string receipt_json(const Journal& journal, const std::string& machine, std::int64_t ended_ms) {
  const Plan& plan = journal.plan;
  Json steps = Json::array(), items = Json::array();
  for (const Done& done : journal.done) {
    steps.push_back({{"step", done.step}, {"time", web::rfc3339_text(done.time_ms)}, {"outcome", done.note}});
  }
  for (const Item& item : journal.items) {
    Json json{{"path", item.path}, {"kind", item.kind}, {"size", item.size}, {"outcome", item.outcome}};
    json["sha256"] = item.sha256.empty() ? Json(nullptr) : Json(item.sha256);
    items.push_back(std::move(json));
  }
  const Json json{{"receipt", "decommissioned"},
                  {"instance", plan.identity},
                  {"machine", machine},
                  {"version", plan.version},
                  {"begun", web::rfc3339_text(journal.begun_ms)},
                  {"ended", web::rfc3339_text(ended_ms)},
                  {"steps", steps},
                  {"erased", items},
                  {"about_erasing", kAboutErasing},
                  {"left", left_of(journal)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string plan_text(const Journal& journal) {
  std::string out;
  for (const Step& step : steps_of(journal.plan)) {
    out += fmt::format("  {}{}\n", journal.has(step.id) ? "(done) " : "", step.text);
  }
  return out + "What is left:\n" + bulleted(left_of(journal));
}

}  // namespace imrs::decommission
