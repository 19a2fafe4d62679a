// agent/web/assets.h
// The files of agent/web/assets, built into the program (cmake/imrs_assets.cmake): no request leaves the
// appliance, and nothing can be missing.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace imrs::web {

struct Asset {
  std::string_view name;  // "ops.js"
  std::span<const unsigned char> content;
};

[[nodiscard]] std::span<const Asset> assets();

// Null: there is none of that name.
[[nodiscard]] const Asset* find_asset(std::string_view name);
[[nodiscard]] std::string_view content_type_of(const Asset& asset);

}  // namespace imrs::web
