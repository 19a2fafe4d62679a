// agent/remote/shell_words.h
// What somebody has sent for a shell, taken apart without one. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace imrs::remote {

inline constexpr std::size_t kMostLine = 4096;  // octets
inline constexpr std::size_t kMostWords = 32;
inline constexpr std::size_t kMostWord = 512;  // octets

// The words of `line` by the quoting of the POSIX shell (XCU 2.2): 'as it is', "as it is, but \" and \\",
// \x for one character. Nothing is expanded, and what a shell would expand or act upon is refused instead of
// taken for text: outside quotes only letters, digits and . _ : / + - = @ % , ^ may stand by themselves,
// inside "" no $ and no `. Refused too: anything but printable ASCII and blanks (a newline is a control
// character), quotes that do not end, and more than the limits above. No words at all are no error. The error
// says which octet, counted from 1, and never holds the line.
[[nodiscard]] Result<std::vector<std::string>> shell_words(std::string_view line);

// The words as one line that shell_words() would take apart into the same.
[[nodiscard]] std::string quoted(const std::vector<std::string>& words);

}  // namespace imrs::remote
