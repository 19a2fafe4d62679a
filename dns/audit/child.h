// dns/audit/child.h
// The auditor as the agent's child: images and their zones' records come over the channel, verdicts go back.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/base/channel.h"
#include "agent/base/result.h"
#include "agent/config/config.h"
#include "dns/image/image.h"

namespace imrs::audit {

// What is done with an image that has passed, if anything; `now`: the time it was judged by. If there is
// something to do, it may write files: `Prepare` has seen to where.
using OnPassed = std::function<void(const image::Image& image, std::int64_t now)>;
// Called once with the settings, as they came and as a value, after the trust anchors are read and before the
// sandbox is entered.
using Prepare = std::function<Result<OnPassed>(const std::string& json, const ZoneSettings& settings)>;

// Reads AuditSetup and the trust anchors it names, enters the sandbox, and answers each AuditRequest with
// an AuditVerdict (agent/base/messages.h). An image or records that cannot be read get a verdict too: not
// passed, and why. Returns without an error when the agent's end of the channel closes; with one when it
// cannot go on: settings or trust anchors that cannot be used, a message that is not understood, no
// sandbox.
[[nodiscard]] Result<void> run_child(Channel channel, const Prepare& prepare);

}  // namespace imrs::audit
