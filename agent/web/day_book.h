// agent/web/day_book.h
// Keeps the UTC day's RSSAC002 counts over everything that can end in the middle of it, and publishes them
// when it is over. Files beneath the state directory's "rssac002":
//
//   today.json                    the day so far, and up to which counts of the engine it is
//   YYYY/MM/METRIC/…yaml          finished days, as L-root publishes them
//   YYYY/MM/instance/…json        finished days, to be merged with other instances'
//
// What a crash of imrs-web, of the engine or of the agent costs: nothing; a power cut: at most kSaveInterval.
// A finished day that cannot be written is tried again with each save. The newest `keep_days` days stay.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/config/web_settings.h"
#include "agent/rssac002/day.h"

namespace imrs::web {

class DayBook {
 public:
  static constexpr std::int64_t kSaveInterval = 60;  // seconds

  // `directory`: empty: nothing is kept. `on_problem`: a file could not be read or written; counting goes on.
  DayBook(const WebSettings& settings, std::string directory, std::function<void(const Error&)> on_problem);

  // Takes up what was left there. `now`: Unix time in seconds, as everywhere here.
  void open(std::int64_t now);

  // The counts as they are. `sources`: of a day, from the engine's memory.
  using SourcesOf = std::function<counts::Sources(std::int64_t day)>;
  void look(const counts::Counts& counts, const SourcesOf& sources, std::int64_t now);

  // The root zone's version went live, so many seconds after this instance had learnt of it.
  void loaded(std::uint32_t serial, std::uint32_t seconds) { today_.load_seconds[serial] = {seconds}; }
  // Octets of its AXFR.
  void sized(std::uint32_t serial, std::uint64_t octets) { today_.zone_octets[serial] = octets; }

  // Writes today.json now.
  void save(std::int64_t now);

  [[nodiscard]] const rssac002::Day& today() const noexcept { return today_; }
  [[nodiscard]] std::int64_t last_write() const noexcept { return last_write_; }  // Unix time, 0: never

 private:
  [[nodiscard]] rssac002::Day empty_day(std::int64_t day) const;
  Result<void> take_up(const std::string& text);
  void begin(std::int64_t day);
  void finish();
  void publish_all();
  bool publish(const rssac002::Day& day);
  void remove_old();
  bool write(const std::string& name, const std::string& content);
  void complain(const Error& error);

  WebSettings settings_;
  std::string directory_;
  std::function<void(const Error&)> on_problem_;
  rssac002::Day today_;
  std::vector<rssac002::Day> unpublished_;  // finished, and not all of their files are written
  // Up to here the engine's counts are in today_.
  std::uint64_t epoch_ = 0;
  rssac002::Volumes seen_{};
  std::int64_t last_save_ = 0, last_write_ = 0;
  bool complained_ = false;
};

}  // namespace imrs::web
