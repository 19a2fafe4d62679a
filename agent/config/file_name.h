// agent/config/file_name.h
// The names of files and directories in a configuration.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs {

// As is_plain_path() wants it: agent, imrsctl and the others each have a working directory of their own. The
// error names what was given, unless that may be more than a name, and says what is right.
[[nodiscard]] Result<std::string> parse_file_name(std::string_view text);

}  // namespace imrs
