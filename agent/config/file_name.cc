// Reads file names. Called while a configuration is read and checked. Opens nothing, and must never show what
// may be a secret.
#include "agent/config/file_name.h"

#include <algorithm>

#include "agent/base/plain_path.h"

namespace imrs {
namespace {

// Somebody may have put the contents of the file there, a private key.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 100;
  const bool name = text.size() <= kMost && std::ranges::all_of(text, [](char c) {
                      return static_cast<unsigned char>(c) >= ' ' && c != 127;
                    });
  return name ? ", not \"" + std::string(text) + "\"" : std::string();
}

}  // namespace

Result<std::string> parse_file_name(std::string_view text) {
  if (is_plain_path(text)) return std::string(text);
  return Error{Errc::InvalidInput,
               "must be a plain absolute file name" + shown(text) +
                   "; write all of it from / on, without \".\" and \"..\", double and final slashes"};
}

}  // namespace imrs
