// agent/preflight/words.h
// How evidence is put into words. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/family.h"

namespace imrs::preflight {

// "a, b, c"; of more than `most`, "a, b and 5 more".
[[nodiscard]] std::string joined(const std::vector<std::string>& texts, std::string_view separator = ", ",
                                 std::size_t most = 8);

// One line of at most 600 octets: what is no printable character of a line becomes a space, the rest is cut.
[[nodiscard]] std::string one_line(std::string_view text);

// "1.5 GiB", "320 MiB", "12 kiB".
[[nodiscard]] std::string size_text(std::uint64_t octets);

// "IPv4", "IPv6"; "UDP", "TCP".
[[nodiscard]] std::string_view family_name(Family family);
[[nodiscard]] std::string_view transport_name(Transport transport);

}  // namespace imrs::preflight
