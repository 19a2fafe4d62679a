// The audit log's lines. Called by `imrsctl remote` and `imrsctl audit-log`.
#include "agent/remote/audit_entry.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "agent/web/text.h"

namespace imrs::remote {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const AuditEntry& entry) {
  Json json{{"time", web::rfc3339_text(entry.time_ms)},
            {"time_ms", entry.time_ms},
            {"id", entry.id},
            {"event", entry.event},
            {"name", entry.name},
            {"role", entry.role},
            {"from", entry.from},
            {"command", entry.command}};
  if (entry.status) json["status"] = *entry.status;
  if (!entry.note.empty()) json["note"] = entry.note;
  return json;
}

std::string dumped(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string outcome(const AuditEntry& entry) {
  std::string out = entry.event;
  if (entry.status) out += fmt::format(", exit status {}", *entry.status);
  if (!entry.note.empty()) out += ": " + entry.note;
  return out;
}

}  // namespace

std::string to_json_line(const AuditEntry& entry) { return dumped(json_of(entry), -1); }

Result<AuditEntry> audit_entry_from_json(std::string_view line) {
  try {
    const Json json = Json::parse(line);
    AuditEntry entry;
    entry.time_ms = json.at("time_ms").get<std::int64_t>();
    const std::pair<const char*, std::string*> texts[] = {{"id", &entry.id},     {"event", &entry.event},
                                                          {"name", &entry.name}, {"role", &entry.role},
                                                          {"from", &entry.from}, {"command", &entry.command}};
    for (const auto& [key, text] : texts) *text = json.at(key).get<std::string>();
    if (json.contains("status")) entry.status = json.at("status").get<int>();
    entry.note = json.value("note", "");
    return entry;
  } catch (const Json::exception&) {
    return Error{Errc::InvalidInput, "not a line of the audit log"};
  }
}

std::string audit_text(const std::vector<AuditEntry>& entries) {
  std::string out;
  for (const AuditEntry& entry : entries) {
    out += fmt::format("{}  {}  {} ({}) from {}  {}  [{}]\n", web::utc_text(entry.time_ms),
                       web::printable(entry.id), web::printable(entry.name), web::printable(entry.role),
                       web::printable(entry.from), web::printable(entry.command),
                       web::printable(outcome(entry)));
  }
  return out.empty() ? "nothing has been done from afar\n" : out;
}

std::string audit_json(const std::vector<AuditEntry>& entries) {
  Json json = Json::array();
  for (const AuditEntry& entry : entries) json.push_back(json_of(entry));
  return dumped(json, 2);
}

std::string client_address(const char* variable) {
  const std::string_view text(variable == nullptr ? "" : variable);
  const std::string address(text.substr(0, text.find(' ')));
  std::array<unsigned char, 16> octets{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, address.c_str(), octets.data()) == 1) return address;
  }
  return "unknown";
}

bool is_key_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("._@-").find(c) != std::string_view::npos;
  });
}

}  // namespace imrs::remote
