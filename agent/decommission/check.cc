// Looks for what is in the way. Called by `imrsctl decommission` before the first step, and once more before
// anything is erased. It must never let a secret pass that would stay behind a link.
#include "agent/decommission/check.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "agent/decommission/erase.h"

namespace imrs::decommission {
namespace {

Error unfit(const std::string& what) { return Error{Errc::Refused, what}; }

bool is_on_the_way(const std::string& path, const std::vector<std::string>& files) {
  return std::ranges::any_of(files, [&](const std::string& file) { return is_inside(file, path); });
}

Result<void> check_link(const Plan& plan, const std::string& path) {
  const bool must_go = is_secret(plan, path) || is_audit_log(plan, path) ||
                       is_on_the_way(path, plan.secrets) || is_on_the_way(path, plan.audit_logs);
  if (!must_go) return {};
  return unfit(
      fmt::format("{0} is a symbolic link: what it leads to, {1}, must go, and would stay; put that itself "
                  "in the place of the link, or erase it by hand and remove the link",
                  path, target_of(path)));
}

Result<void> check_entry(const Plan& plan, const std::string& path, const struct stat& status) {
  if (S_ISLNK(status.st_mode)) return check_link(plan, path);
  if (S_ISDIR(status.st_mode) || !is_secret(plan, path)) return {};
  if (!S_ISREG(status.st_mode)) {
    return unfit(path + " is no regular file, and a secret's file must be one; look at it and remove it");
  }
  if (!is_elsewhere(path, status)) return {};
  return unfit(
      fmt::format("{0} has {1} names, and not all of them are in its directory: what it holds must go, and "
                  "would stay; find the others (find / -xdev -samefile {0}) and remove them",
                  path, status.st_nlink));
}

}  // namespace

Result<void> check_before(const Plan& plan) {
  for (const std::string& place : plan.places) {
    auto good = walk(place, [&](const std::string& path, const struct stat& status) {
      return check_entry(plan, path, status);
    });
    if (!good) return good;
  }
  return {};
}

Result<std::vector<Item>> list_links(const Plan& plan) {
  std::vector<Item> out;
  for (const std::string& place : plan.places) {
    const auto items = list_items(place, [](const std::string& path, const struct stat& status) {
      return !S_ISLNK(status.st_mode) && !is_elsewhere(path, status);
    });
    if (!items) return items.error();
    out.insert(out.end(), items->begin(), items->end());
  }
  return out;
}

}  // namespace imrs::decommission
