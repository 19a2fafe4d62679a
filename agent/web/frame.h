// agent/web/frame.h
// What both HTML pages share: the document around them, the verdict, small boxes. Pure. Functions that
// take `text` escape it; functions that take `html` do not.
#pragma once

#include <string>
#include <string_view>

#include "agent/snapshot/snapshot.h"
#include "agent/web/status.h"

namespace imrs::web {

// A whole document, which reloads itself every five seconds. No script. `body` is HTML.
[[nodiscard]] std::string document(std::string_view title_text, std::string_view body_html);

// Identity, appliance, kind.
[[nodiscard]] std::string masthead(const Snapshot& snapshot, std::string_view what_text);

[[nodiscard]] std::string verdict_box(const Verdict& verdict);

// A word with a colour and a sign of its own, so that the colour is never needed.
[[nodiscard]] std::string pill(Level level, std::string_view text);

// When the snapshot was made.
[[nodiscard]] std::string freshness(const Snapshot& snapshot, const Status& status);

// The page before the first snapshot.
[[nodiscard]] std::string waiting_page();

[[nodiscard]] std::string_view stylesheet();

}  // namespace imrs::web
