// dns/engine/version.h
// What version.bind says: the product, not its version number, which would only help an attacker.
#pragma once

#include <string_view>

namespace imrs::engine {

inline constexpr std::string_view kVersionText = "IMRS";

}  // namespace imrs::engine
