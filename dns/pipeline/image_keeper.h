// dns/pipeline/image_keeper.h
// Keeps images that have passed their audit on disk (dns/image/kept.h), for the agent to start with.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "dns/audit/child.h"

namespace imrs::pipeline {

// For the auditor's child. From then on the calling thread, and those it starts, reach no file but those in
// the image directory of the state directory. An empty function without a state directory, or on a kernel
// without landlock: then nothing is kept, for without that the auditor may open no file at all.
[[nodiscard]] Result<audit::OnPassed> keep_images(const std::string& settings_json,
                                                  const ZoneSettings& settings);

}  // namespace imrs::pipeline
