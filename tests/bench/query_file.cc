// Reads query files for the load programs. Never looks into a message beyond its id.
#include "tests/bench/query_file.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/bench/basics.h"

namespace imrs::bench {
namespace {

constexpr std::size_t kHeader = 12;

}  // namespace

QueryFile::QueryFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) die(path);
  octets_.assign(std::istreambuf_iterator<char>(in), {});
  for (std::size_t at = 0; at + 2 <= octets_.size();) {
    const std::uint16_t length = message_id(&octets_[at]);  // the same two octets
    if (at + 2 + length > octets_.size()) break;
    if (length >= kHeader) entries_.push_back({at + 2, length});
    at += 2 + std::size_t(length);
  }
  if (entries_.empty()) {
    std::fprintf(stderr, "%s: no queries\n", path.c_str());
    std::exit(2);
  }
  for (std::size_t i = 0; entries_.size() < kLeast; ++i) {
    const Entry from = entries_[i];
    entries_.push_back({octets_.size() + 2, from.length});
    for (std::size_t at = from.at - 2; at < from.at + from.length; ++at) octets_.push_back(octets_[at]);
  }
}

std::span<std::uint8_t> QueryFile::message(std::size_t i, std::uint16_t id) {
  std::uint8_t* octets = &octets_[entries_[i].at];
  octets[0] = std::uint8_t(id >> 8);
  octets[1] = std::uint8_t(id);
  return {octets, entries_[i].length};
}

std::span<const std::uint8_t> QueryFile::framed(std::size_t i, std::uint16_t id) {
  const auto body = message(i, id);
  return {body.data() - 2, body.size() + 2};
}

}  // namespace imrs::bench
