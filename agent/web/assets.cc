// Finds assets. Called by the site for each request beneath /assets/.
#include "agent/web/assets.h"

#include <algorithm>

namespace imrs::web {

const Asset* find_asset(std::string_view name) {
  const auto found = std::ranges::find(assets(), name, &Asset::name);
  return found == assets().end() ? nullptr : &*found;
}

std::string_view content_type_of(const Asset& asset) {
  if (asset.name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (asset.name.ends_with(".css")) return "text/css; charset=utf-8";
  return "text/plain; charset=utf-8";
}

}  // namespace imrs::web
