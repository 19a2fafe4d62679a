// agent/web/frame.h
// What both HTML pages share: the document around them, the verdict, small boxes. Pure. Functions that
// take `text` escape it; functions that take `html` do not.
#pragma once

#include <string>
#include <string_view>

#include "agent/snapshot/snapshot.h"
#include "agent/web/status.h"

namespace imrs::web {

// A whole document. One that lives renews itself: by its script, or without JavaScript every five seconds by
// loading itself anew. `body` is HTML.
struct Head {
  std::string_view title;  // text
  bool lives = false;
  std::string_view links_html = {};  // style sheets and scripts besides /assets/style.css
};
[[nodiscard]] std::string document(const Head& head, std::string_view body_html);

// Identity, appliance, kind.
[[nodiscard]] std::string masthead(const Snapshot& snapshot, std::string_view what_text);

[[nodiscard]] std::string verdict_box(const Verdict& verdict);

// A word with a colour and a sign of its own, so that the colour is never needed.
[[nodiscard]] std::string pill(Level level, std::string_view text);

// What the window is called: level and identity.
[[nodiscard]] std::string title_of(const Snapshot& snapshot, const Verdict& verdict);

// When the snapshot was made.
[[nodiscard]] std::string freshness(const Snapshot& snapshot, const Status& status);

// The page before the first snapshot.
[[nodiscard]] std::string waiting_page();

}  // namespace imrs::web
