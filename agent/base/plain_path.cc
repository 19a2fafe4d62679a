// Judges file names. Called by whoever takes one from a configuration or an operator. Opens nothing.
#include "agent/base/plain_path.h"

#include <algorithm>

namespace imrs {
namespace {

bool is_plain_part(std::string_view part) { return !part.empty() && part != "." && part != ".."; }

}  // namespace

bool is_plain_path(std::string_view path) {
  if (!path.starts_with('/')) return false;
  const bool printable = std::ranges::all_of(
      path, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 127; });
  if (!printable) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (!is_plain_part(path.substr(0, slash))) return false;
    path.remove_prefix(slash);
  }
  return true;
}

}  // namespace imrs
