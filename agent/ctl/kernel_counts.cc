// Reads the kernel's tables of sockets. Called by `imrsctl attack-report`. It must not keep or show a remote
// address: the column is skipped.
#include "agent/ctl/kernel_counts.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace imrs::ctl {
namespace {

constexpr const char* kDnsPort = ":0035";  // 53, as the tables have it
constexpr std::size_t kDropsColumn = 12;   // of /proc/net/udp, from 0; the last one

std::vector<std::string> words_of(std::string_view line) {
  std::istringstream in{std::string(line)};
  return {std::istream_iterator<std::string>(in), {}};
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// Takes a line off the front.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// As the kernel prints it: each 32 bits of the address in the machine's order, in hex.
std::string kernel_text(const counts::Service& service) {
  const bool v4 = service.family == Family::V4;
  std::array<std::uint32_t, 4> words{};
  if (::inet_pton(v4 ? AF_INET : AF_INET6, service.address.c_str(), words.data()) != 1) return "";
  std::string text;
  for (std::size_t i = 0; i < (v4 ? 1U : words.size()); ++i) text += fmt::format("{:08X}", words[i]);
  return text + kDnsPort;
}

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::optional<std::uint64_t> udp_drops_in(std::string_view table,
                                          const std::vector<counts::Service>& services) {
  std::set<std::string> ours;
  for (const counts::Service& service : services) ours.insert(kernel_text(service));
  std::optional<std::uint64_t> sum;
  while (!table.empty()) {
    const std::vector<std::string> words = words_of(next_line(table));
    if (words.size() <= kDropsColumn || !ours.contains(words[1])) continue;
    if (const auto drops = number_of(words[kDropsColumn])) sum = sum.value_or(0) + *drops;
  }
  return sum;
}

std::optional<std::uint64_t> netstat_value(std::string_view table, std::string_view group,
                                           std::string_view name) {
  while (!table.empty()) {
    const std::vector<std::string> names = words_of(next_line(table)), values = words_of(next_line(table));
    if (names.empty() || names[0] != group || values.size() != names.size()) continue;
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return number_of(values[static_cast<std::size_t>(found - names.begin())]);
  }
  return {};
}

KernelCounts read_kernel_counts(std::int32_t pid, const std::vector<counts::Service>& services) {
  if (pid <= 0) return {};
  const std::string folder = fmt::format("/proc/{}/net/", pid);
  KernelCounts counts{
      .udp_drops = udp_drops_in(file_text(folder + "udp"), services),
      .syn_cookies = netstat_value(file_text(folder + "netstat"), "TcpExt:", "SyncookiesSent")};
  if (const auto more = udp_drops_in(file_text(folder + "udp6"), services)) {
    counts.udp_drops = counts.udp_drops.value_or(0) + *more;
  }
  return counts;
}

}  // namespace imrs::ctl
