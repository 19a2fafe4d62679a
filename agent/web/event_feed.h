// agent/web/event_feed.h
// GET /events.atom: what happened here, as an Atom feed (RFC 4287). Pure.
#pragma once

#include <string>

#include "agent/snapshot/snapshot.h"

namespace imrs::web {

[[nodiscard]] std::string event_feed(const Snapshot& snapshot);

}  // namespace imrs::web
