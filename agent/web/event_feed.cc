// The history for feed readers. Called by the site, for the NOC listener.
#include "agent/web/event_feed.h"

#include <fmt/format.h>

#include "agent/web/text.h"

namespace imrs::web {
namespace {

// Two code points that HTML knows and XML 1.0 does not (section 2.2).
std::string escape_xml(const std::string& text) {
  std::string out = escape_html(text);
  for (const char* const none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (std::size_t at = out.find(none); at != std::string::npos; at = out.find(none, at)) {
      out.replace(at, 3, "\xEF\xBF\xBD");
    }
  }
  return out;
}

// An entry's identity has to stay the same (RFC 4287 section 4.2.6): what happened, and when.
std::string entry_of(const Snapshot& snapshot, const HistoryEntry& entry) {
  const std::string identity = escape_xml(snapshot.identity);
  const std::string text = escape_xml(entry.text);
  return fmt::format(
      "<entry>\n<id>tag:{0},2026:{1}-{2}-{3:016x}</id>\n<title>{2}: {4}</title>\n<updated>{5}</updated>\n"
      "<content type=\"text\">{4}</content>\n</entry>\n",
      identity, entry.time_ms, escape_xml(entry.what), std::hash<std::string>()(entry.text), text,
      rfc3339_text(entry.time_ms));
}

}  // namespace

std::string event_feed(const Snapshot& snapshot) {
  const std::string identity = escape_xml(snapshot.identity);
  const std::int64_t updated = snapshot.history.empty() ? snapshot.started_ms
                                                        : snapshot.history.back().time_ms;
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n"
      "<id>tag:{0},2026:events</id>\n<title>{0}</title>\n<updated>{1}</updated>\n"
      "<author><name>{0}</name></author>\n<link rel=\"self\" href=\"/events.atom\"/>\n",
      identity, rfc3339_text(updated));
  for (auto entry = snapshot.history.rbegin(); entry != snapshot.history.rend(); ++entry) {
    out += entry_of(snapshot, *entry);
  }
  return out + "</feed>\n";
}

}  // namespace imrs::web
