// Reads file names. Called while a configuration is read and checked. Opens nothing, and must never show what
// may be a secret.
#include "agent/config/file_name.h"

#include "agent/base/plain_path.h"

namespace imrs {

Result<std::string> parse_file_name(std::string_view text) {
  if (is_plain_path(text)) return std::string(text);
  return Error{Errc::InvalidInput,
               "must be a plain absolute file name; write all of it from / on, without \".\" and \"..\", "
               "double and final slashes"};
}

}  // namespace imrs
