// Decides what time it is. Called by the supervisor, at its start and then regularly. It must never let a
// clock that is merely wrong, and not said to be right, take the trusted time back.
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

#include "agent/base/regular_file.h"

namespace imrs::agent {
namespace {

constexpr std::int64_t kTolerated = 60;  // seconds between the wall clock and the trusted one

std::int64_t believable(const WallClock& wall, std::optional<std::int64_t> kept) {
  return wall.synchronised ? wall.time : std::max(wall.time, kept.value_or(wall.time));
}

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
    : synchronised_(wall.synchronised) {
  clock_.set_now(believable(wall, kept));
}

bool WallClockWatch::look(const WallClock& wall) {
  if (synchronised_ || !wall.synchronised) return false;
  synchronised_ = true;
  clock_.set_now(wall.time);
  return true;
}

std::string WallClockWatch::alarm(const WallClock& wall) const {
  const std::int64_t off = wall.time - clock_.now();
  if (std::abs(off) <= kTolerated) return {};
  return fmt::format("the wall clock is {} s {} the time that zones are judged by{}; is it synchronised?",
                     std::abs(off), off < 0 ? "behind" : "ahead of",
                     synchronised_ ? "" : " (which is the one last written down)");
}

}  // namespace imrs::agent
