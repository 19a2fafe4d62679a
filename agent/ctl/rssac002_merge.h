// agent/ctl/rssac002_merge.h
// From the daily files of many instances to what the service publishes.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"

namespace imrs::ctl {

// Writes the six files of the day to `directory`, in the folders that RSSAC002 wants, and says which. Errors
// name the file that is at fault.
[[nodiscard]] Result<std::string> merge_rssac002(const std::vector<std::string>& files,
                                                 const std::string& directory);

}  // namespace imrs::ctl
