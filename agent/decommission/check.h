// agent/decommission/check.h
// What can be known before anything is erased: what is in the way, and what would stay. Changes nothing.
#pragma once

#include <vector>

#include "agent/base/result.h"
#include "agent/decommission/journal.h"

namespace imrs::decommission {

// That what must go would go. Errc::Refused names what is in the way, and the remedy: a place, what is on the
// way to a secret or an audit log, or one of these itself is a symbolic link; another file system is in a
// place; a secret is no regular file, or is_elsewhere(). What is not there is not in the way.
[[nodiscard]] Result<void> check_before(const Plan& plan);

// What in the places would not go as a whole: links, and files with a name elsewhere. For left_of().
[[nodiscard]] Result<std::vector<Item>> list_links(const Plan& plan);

}  // namespace imrs::decommission
