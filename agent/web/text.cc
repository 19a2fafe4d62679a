// Text for the pages. What comes from outside (a neighbour's message above all) passes escape_html()
// before it is put into a page; nothing else here looks at foreign text.
#include "agent/web/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace imrs::web {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the UTF-8 sequence that `text` starts with; 0 if it starts with none (RFC 3629:
// no overlong form, no surrogate, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = at(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return size;
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '&': out += "&amp;"; return;
    case '<': out += "&lt;"; return;
    case '>': out += "&gt;"; return;
    case '"': out += "&quot;"; return;
    case '\'': out += "&#39;"; return;
    case '\n':
    case '\t': out += ' '; return;
    default: break;
  }
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
    out += kReplacement;
  } else {
    out += c;
  }
}

std::tm utc(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

std::string format_time(const std::tm& parts, const char* format) {
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

// U+0080 to U+009F.
bool is_c1_control(std::string_view text, std::size_t size) {
  return size == 2 && text[0] == '\xC2' && text[1] < '\xA0';
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    if (size == 1) {
      append_ascii(out, text.front());
    } else if (size == 0 || is_c1_control(text, size)) {
      out += kReplacement;
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool control = (size == 1 && (first < 0x20 || first == 0x7F)) || is_c1_control(text, size);
    if (size == 0 || control) {
      out += '?';
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string escape_lines(std::string_view text) {
  std::string out;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    out += escape_html(text.substr(0, end)) + "\n";
    text.remove_prefix(end + 1);
  }
  return out + escape_html(text);
}

std::string utc_text(std::int64_t unix_ms) {
  if (unix_ms == 0) return "never";
  return format_time(utc(unix_ms), "%Y-%m-%d %H:%M:%S UTC");
}

std::string rfc3339_text(std::int64_t unix_ms) {
  return format_time(utc(unix_ms), "%Y-%m-%dT%H:%M:%S") +
         fmt::format(".{:03}Z", std::max<std::int64_t>(unix_ms, 0) % 1000);
}

std::string duration_text(std::int64_t ms) {
  const std::int64_t seconds = std::max<std::int64_t>(ms, 0) / 1000;
  const std::int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (days > 0) return fmt::format("{} d {} h", days, hours % 24);
  if (hours > 0) return fmt::format("{} h {} min", hours, minutes % 60);
  if (minutes > 0) return fmt::format("{} min {} s", minutes, seconds % 60);
  return fmt::format("{} s", seconds);
}

std::string count_text(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string_view family_text(Family family) { return family == Family::V4 ? "IPv4" : "IPv6"; }

}  // namespace imrs::web
