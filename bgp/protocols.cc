// Readers of BIRD's tables. Called by the speaker with whole replies. Rows are split on blanks, never at
// columns: a long name shifts them.
#include "bgp/protocols.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace imrs::bgp {
namespace {

constexpr int kTableHead = 2002, kProtocolCode = 1002, kDetailCode = 1006, kRouteCode = 1007,
              kParseError = 9001;
constexpr const char* kChannelDown = "No valid tables";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes the next word off `rest`; empty if there is none.
std::string_view next_word(std::string_view& rest) {
  rest = trimmed(rest);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

bool is_date(std::string_view word) { return word.size() == 10 && word[4] == '-' && word[7] == '-'; }

std::optional<ProtocolRow> parse_row(std::string_view text) {
  ProtocolRow row;
  row.name = next_word(text);
  row.proto = next_word(text);
  row.table = next_word(text);
  row.state = next_word(text);
  row.since = next_word(text);
  if (row.since.empty()) return std::nullopt;
  if (is_date(row.since)) {
    std::string_view ahead = text;
    if (const auto time = next_word(ahead); time.size() >= 8 && time[2] == ':') {
      row.since.append(" ").append(time);
      text = ahead;
    }
  }
  row.info = trimmed(text);
  return row;
}

void set_once(std::string& field, std::string_view value) {
  if (field.empty()) field = value;
}

void take_detail(std::string_view text, SessionDetails& details) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view key = trimmed(text.substr(0, colon));
  const std::string_view value = trimmed(text.substr(colon + 1));
  if (key == "BGP state") set_once(details.state, value);
  if (key == "Last error") set_once(details.last_error, value);
  if (key == "Message") set_once(details.message, value);
}

// "199.7.83.0/24  unicast [specific_v4 12:46:52.976] * (200)"; nothing for a table's name, a second
// route to the same prefix and a next hop.
std::optional<ExportedRoute> parse_route(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.front() == '\t') return std::nullopt;
  const std::string_view prefix = next_word(text);
  if (prefix.find('/') == std::string_view::npos) return std::nullopt;
  const std::size_t open = text.find('[');
  std::string_view origin = open == std::string_view::npos ? "" : text.substr(open + 1);
  origin = origin.substr(0, origin.find_first_of(" ]"));
  return ExportedRoute{std::string(prefix), std::string(origin)};
}

}  // namespace

Result<std::vector<ProtocolRow>> parse_protocols(const Reply& reply) {
  if (!reply.succeeded()) return refusal("show protocols", reply);
  std::vector<ProtocolRow> rows;
  for (const ReplyLine& line : reply.lines) {
    if (line.code != kProtocolCode) continue;
    auto row = parse_row(line.text);
    if (!row) {
      return Error{Errc::InvalidInput,
                   fmt::format("BIRD's row of protocols cannot be understood: \"{}\"", line.text)};
    }
    rows.push_back(*std::move(row));
  }
  return rows;
}

bool is_whole_table(const Reply& reply) {
  return reply.code == 0 && reply.has_line(kTableHead) &&
         std::ranges::all_of(reply.lines, [](const ReplyLine& line) {
           return line.code == kTableHead || line.code == kProtocolCode;
         });
}

Result<SessionDetails> parse_session(const Reply& reply) {
  if (!reply.succeeded()) return refusal("show protocols all", reply);
  SessionDetails details;
  for (const ReplyLine& line : reply.lines) {
    if (line.code == kDetailCode) take_detail(line.text, details);
  }
  if (details.state.empty()) {
    return Error{Errc::InvalidInput, "BIRD shows no BGP state: not a BGP protocol"};
  }
  return details;
}

Result<std::vector<ExportedRoute>> parse_exported(const Reply& reply) {
  std::vector<ExportedRoute> routes;
  if (reply.code == kParseError && reply.text == kChannelDown) return routes;
  if (!reply.succeeded()) return refusal("show route export", reply);
  for (const ReplyLine& line : reply.lines) {
    if (line.code != kRouteCode) continue;
    if (auto route = parse_route(line.text)) routes.push_back(*std::move(route));
  }
  return routes;
}

Error refusal(std::string_view command, const Reply& reply) {
  return Error{Errc::Refused, fmt::format("BIRD refused `{}`: {:04} {}", command, reply.code, reply.text)};
}

}  // namespace imrs::bgp
