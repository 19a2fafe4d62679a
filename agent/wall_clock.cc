// Decides what time it is. Called by the supervisor, at its start and then regularly. It must never let a
// clock take the trusted time back behind what was kept, nor follow its steps while primaries confirm the
// root zone.
#include "agent/wall_clock.h"

#include <fmt/format.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "agent/base/regular_file.h"

namespace imrs::agent {
namespace {

constexpr std::int64_t kTolerated = 60;  // seconds between the wall clock and the trusted one
constexpr std::int64_t kSame = 2;        // seconds: both are cut to whole ones

}  // namespace

WallClock read_wall_clock() {
  timex state{};
  const int outcome = ::adjtimex(&state);
  return {.time = ::time(nullptr),
          .synchronised = outcome >= 0 && outcome != TIME_ERROR && (state.status & STA_UNSYNC) == 0};
}

Result<std::int64_t> read_kept_time(const std::string& state_directory) {
  const std::string path = state_directory + "/zones/clock";
  auto file = open_regular_file(path);
  if (!file) return file.error();
  std::array<char, 32> octets{};
  const ssize_t size = ::read(file->get(), octets.data(), octets.size());
  if (size < 0) return system_error(path);
  std::string_view text(octets.data(), static_cast<std::size_t>(size));
  text = text.substr(0, text.find('\n'));
  std::int64_t time = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
  if (error != std::errc() || end != text.data() + text.size() || time < 0) {
    return Error{Errc::InvalidInput, path + " does not hold a Unix time; it is not used, and written anew"};
  }
  return time;
}

WallClockWatch::WallClockWatch(const WallClock& wall, std::optional<std::int64_t> kept)
    : floor_(kept.value_or(0)) {
  clock_.set_now(std::max(wall.time, floor_));
  clock_.set_synchronised(believable(wall));
}

WallClockWatch WallClockWatch::adopt(TrustedClock clock, std::int64_t floor) {
  WallClockWatch watch(WallClock{}, floor);
  watch.clock_ = std::move(clock);
  return watch;
}

std::optional<std::string> WallClockWatch::look(const WallClock& wall, Moment now, const RootZone& root) {
  if (!clock_.synchronised()) {
    if (!believable(wall)) return std::nullopt;
    set(wall);
    return "the wall clock is synchronised now: the trusted time is set to it";
  }
  if (!is_proven_wrong(wall, now, root)) return std::nullopt;
  const std::int64_t off = dissent_->off;
  set(wall);
  return fmt::format(
      "the wall clock has been synchronised and {} s {} the trusted time for an hour, in which no "
      "primary has confirmed the root zone: the trusted time is set to it",
      std::abs(off), off < 0 ? "behind" : "ahead of");
}

bool WallClockWatch::is_proven_wrong(const WallClock& wall, Moment now, const RootZone& root) {
  const std::int64_t off = wall.time - clock_.now();
  if (!believable(wall) || std::abs(off) <= kTolerated) {
    dissent_.reset();
    return false;
  }
  const bool goes_on = dissent_ && std::abs(off - dissent_->off) <= kSame &&
                       root.confirmed < dissent_->since_trusted;
  if (!goes_on) dissent_ = Dissent{now, clock_.now(), off};
  return root.failing && now - dissent_->since >= kProof;
}

void WallClockWatch::set(const WallClock& wall) {
  clock_.set_now(wall.time);
  clock_.set_synchronised(true);
  dissent_.reset();
}

std::string WallClockWatch::alarm(const WallClock& wall) const {
  const std::int64_t off = wall.time - clock_.now();
  if (std::abs(off) <= kTolerated) return {};
  const char* outlook = "is it synchronised?";
  if (wall.synchronised) {
    outlook = wall.time < floor_
                  ? "it is synchronised, but earlier than the time kept on disk, and not taken"
                  : "it is synchronised, and taken once no primary has confirmed the root zone "
                    "for an hour";
  }
  return fmt::format("the wall clock is {} s {} the time that zones are judged by{}; {}", std::abs(off),
                     off < 0 ? "behind" : "ahead of",
                     clock_.synchronised() ? "" : " (which is the one last written down)", outlook);
}

}  // namespace imrs::agent
