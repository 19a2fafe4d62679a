// Reads --now. Called by the command line. It must not depend on the machine's time zone.
#include "dns/pipeline/time_text.h"

#include <time.h>

#include <charconv>

#include "dns/wire/text.h"

namespace imrs::pipeline {

Result<std::int64_t> parse_time(const std::string& text) {
  const Error bad{Errc::InvalidInput,
                  "\"" + text + "\" is not a time; write Unix seconds or 2020-10-20T12:00:00Z"};
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [after, failure] = std::from_chars(text.data(), end, seconds);
  if (failure == std::errc() && after == end) return seconds >= 0 ? Result(seconds) : bad;
  tm parts{};
  const char* const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (rest == nullptr || *rest != '\0') return bad;
  seconds = ::timegm(&parts);
  // The round trip refuses what timegm() puts right silently, such as 31 February.
  return wire::utc_text(seconds) == text ? Result(seconds) : bad;
}

}  // namespace imrs::pipeline
