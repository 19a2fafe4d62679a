// dns/audit/child.h
// The auditor as the agent's child: images and their zones' records come over the channel, verdicts go back.
#pragma once

#include "agent/base/channel.h"
#include "agent/base/result.h"
#include "agent/base/trusted_clock.h"

namespace imrs::audit {

// Reads AuditSetup and the trust anchors it names, enters the sandbox, and answers each AuditRequest with
// an AuditVerdict (agent/base/messages.h). An image or records that cannot be read get a verdict too: not
// passed, and why. Returns without an error when the agent's end of the channel closes; with one when it
// cannot go on: settings or trust anchors that cannot be used, a message that is not understood, no
// sandbox.
[[nodiscard]] Result<void> run_child(Channel channel, const Clock& clock);

}  // namespace imrs::audit
