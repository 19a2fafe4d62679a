// Called by those who judge. What they quote may come from anywhere: a kernel's name, a neighbour's message.
#include "agent/preflight/words.h"

#include <fmt/format.h>

#include <algorithm>

namespace imrs::preflight {

std::string joined(const std::vector<std::string>& texts, std::string_view separator, std::size_t most) {
  std::string out;
  const std::size_t shown = texts.size() <= most ? texts.size() : most - 1;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += separator;
    out += texts[i];
  }
  if (shown < texts.size()) out += fmt::format(" and {} more", texts.size() - shown);
  return out;
}

std::string one_line(std::string_view text) {
  constexpr std::size_t kMost = 600;
  std::string out;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == 127;
    if (!control) out += c;
    if (control && !out.empty() && out.back() != ' ') out += c == '\n' ? "; " : " ";
  }
  if (out.size() <= kMost) return out;
  std::size_t end = kMost;  // not within a character
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
  return out.substr(0, end) + " ...";
}

std::string size_text(std::uint64_t octets) {
  constexpr std::uint64_t kKi = 1 << 10, kMi = 1 << 20, kGi = 1 << 30;
  if (octets >= kGi) return fmt::format("{:.1f} GiB", static_cast<double>(octets) / kGi);
  if (octets >= kMi) return fmt::format("{} MiB", octets / kMi);
  return fmt::format("{} kiB", octets / kKi);
}

std::string_view family_name(Family family) { return family == Family::V4 ? "IPv4" : "IPv6"; }

std::string_view transport_name(Transport transport) { return transport == Transport::Udp ? "UDP" : "TCP"; }

}  // namespace imrs::preflight
