// agent/base/plain_path.h
// File names that mean the same to every program, whatever its working directory. Pure.
#pragma once

#include <string_view>

namespace imrs {

// An absolute path without ".", "..", double or final slashes and control characters.
[[nodiscard]] bool is_plain_path(std::string_view path);

}  // namespace imrs
