// agent/config/file_name.h
// The names of files and directories in a configuration.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs {

// As is_plain_path() wants it: agent, imrsctl and the others each have a working directory of their own. The
// error says what is right and not what was given, which may be what was meant to be in the file: a key.
[[nodiscard]] Result<std::string> parse_file_name(std::string_view text);

}  // namespace imrs
