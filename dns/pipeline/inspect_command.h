// dns/pipeline/inspect_command.h
// `imrs-zone inspect`: what is in an answer image.
#pragma once

#include <string>

#include "agent/base/result.h"

namespace imrs::pipeline {

// Loads and checks the image; gives text for people, or one JSON object.
[[nodiscard]] Result<std::string> run_inspect(const std::string& path, bool json);

}  // namespace imrs::pipeline
