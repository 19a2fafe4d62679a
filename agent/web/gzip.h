// agent/web/gzip.h
// Bodies made shorter for those who take it so (RFC 9110 section 8.4.1.3). By zlib.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace imrs::web {

// The Accept-Encoding field's value allows gzip.
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding);

// Nothing if zlib has no memory.
[[nodiscard]] std::optional<std::string> gzip(std::string_view body);

}  // namespace imrs::web
