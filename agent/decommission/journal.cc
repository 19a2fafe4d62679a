// The journal of a decommissioning. Called by its execution after each step.
#include "agent/decommission/journal.h"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"

namespace imrs::decommission {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMost = 256U << 20;  // octets
constexpr int kVersion = 2;

Json json_of(const Plan& plan) {
  return {{"identity", plan.identity},
          {"version", plan.version},
          {"control_socket", plan.control_socket},
          {"bird_socket", plan.bird_socket},
          {"drain_seconds", plan.drain_time.count()},
          {"places", plan.places},
          {"secrets", plan.secrets},
          {"audit_logs", plan.audit_logs},
          {"left", plan.left}};
}

Plan plan_of(const Json& json) {
  using Texts = std::vector<std::string>;
  return {.identity = json.at("identity").get<std::string>(),
          .version = json.at("version").get<std::string>(),
          .control_socket = json.at("control_socket").get<std::string>(),
          .bird_socket = json.at("bird_socket").get<std::string>(),
          .drain_time = std::chrono::seconds(json.at("drain_seconds").get<std::int64_t>()),
          .places = json.at("places").get<Texts>(),
          .secrets = json.at("secrets").get<Texts>(),
          .audit_logs = json.at("audit_logs").get<Texts>(),
          .left = json.at("left").get<Texts>()};
}

}  // namespace

bool Journal::has(const std::string& step) const {
  return std::ranges::find(done, step, &Done::step) != done.end();
}

std::string to_json(const Journal& journal) {
  Json done = Json::array(), items = Json::array();
  for (const Done& one : journal.done) {
    done.push_back({{"step", one.step}, {"time_ms", one.time_ms}, {"note", one.note}});
  }
  for (const Item& one : journal.items) {
    items.push_back({{"path", one.path},
                     {"kind", one.kind},
                     {"size", one.size},
                     {"sha256", one.sha256},
                     {"outcome", one.outcome},
                     {"leads_to", one.leads_to},
                     {"elsewhere", one.elsewhere}});
  }
  const Json json{{"journal", kVersion},
                  {"plan", json_of(journal.plan)},
                  {"begun_ms", journal.begun_ms},
                  {"done", done},
                  {"items", items}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Journal> journal_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("journal") != kVersion) {
      return Error{Errc::InvalidInput,
                   "was written by another version; continue with the program that began"};
    }
    Journal out{.plan = plan_of(json.at("plan")),
                .begun_ms = json.at("begun_ms").get<std::int64_t>(),
                .done = {},
                .items = {}};
    for (const Json& one : json.at("done")) {
      out.done.push_back({one.at("step").get<std::string>(), one.at("time_ms").get<std::int64_t>(),
                          one.at("note").get<std::string>()});
    }
    for (const Json& one : json.at("items")) {
      out.items.push_back({one.at("path").get<std::string>(), one.at("kind").get<std::string>(),
                           one.at("size").get<std::uint64_t>(), one.at("sha256").get<std::string>(),
                           one.at("outcome").get<std::string>(), one.value("leads_to", std::string()),
                           one.value("elsewhere", false)});
    }
    return out;
  } catch (const Json::exception& error) {
    return Error{Errc::InvalidInput, std::string("is no journal of a decommissioning: ") + error.what()};
  }
}

Result<std::optional<Journal>> load_journal(const std::string& path) {
  const auto text = read_regular_file(path, kMost);
  if (!text && text.error().code == Errc::Unavailable) return std::optional<Journal>();
  if (!text) return text.error();
  auto journal = journal_from_json(*text);
  if (!journal) return journal.error().within(path);
  return std::optional(std::move(*journal));
}

Result<void> save_journal(const Journal& journal, const std::string& path) {
  const mode_t before = ::umask(077);
  const std::string text = to_json(journal);
  auto saved = write_whole(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  ::umask(before);
  if (saved) return saved;
  return saved.error().within(
      "the journal cannot be written, and nothing more is done without it; name another "
      "place with --journal");
}

}  // namespace imrs::decommission
