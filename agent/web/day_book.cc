// The day's counts on disk. Called by Telemetry once a second. It must never lose a day because a file of it
// cannot be read, and never publish one twice with different contents unless it has gone on.
#include "agent/web/day_book.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"

namespace imrs::web {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = 86400;
// Before that the clock has not been set.
constexpr std::int64_t kFirstDay = 20454;  // 2026-01-01
constexpr const char* kToday = "today.json";
constexpr std::size_t kMaxFile = 16U << 20;  // octets
constexpr std::size_t kMostUnpublished = 7;  // days, in memory

Result<void> make_directories(const std::string& directory, const std::string& name) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
    const std::string path = directory + "/" + name.substr(0, slash);
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return system_error(path);
  }
  return {};
}

// The day in a file's name, "PREFIX-YYYYMMDD-...".
std::optional<std::int64_t> day_of(const std::string& name, const std::string& prefix) {
  const std::size_t at = prefix.size() + 1;
  if (!name.starts_with(prefix + "-") || name.size() < at + 9) return {};
  const auto day = rssac002::parse_compact_day(std::string_view(name).substr(at, 8));
  return day ? std::optional(*day) : std::nullopt;
}

}  // namespace

DayBook::DayBook(const WebSettings& settings, std::string directory,
                 std::function<void(const Error&)> on_problem)
    : settings_(settings), directory_(std::move(directory)), on_problem_(std::move(on_problem)) {
  today_ = empty_day(0);
}

rssac002::Day DayBook::empty_day(std::int64_t day) const {
  rssac002::Day out;
  out.service = settings_.rssac002.service;
  out.prefix = settings_.rssac002.prefix;
  out.day = day;
  out.instances = {settings_.identity};
  out.source_key_id = settings_.source_key_id;
  return out;
}

// A day that has been left unfinished is finished; one that is not over goes on.
void DayBook::open(std::int64_t now) {
  if (directory_.empty()) return;
  const std::string path = directory_ + "/" + kToday;
  const auto text = read_regular_file(path, kMaxFile);
  if (!text && text.error().code == Errc::Unavailable) return;  // the first start
  const auto taken_up = text ? take_up(*text) : Result<void>(text.error());
  if (!taken_up) return complain(taken_up.error().within(path + ": the day's counts begin anew"));
  if (today_.source_key_id != settings_.source_key_id) today_.sources = {};
  today_.source_key_id = settings_.source_key_id;
  last_save_ = now;
}

Result<void> DayBook::take_up(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    auto day = rssac002::day_from_json(json.at("day").dump());
    if (!day) return day.error();
    const auto seen = rssac002::volumes_from_json(json.at("seen").dump());
    if (!seen) return seen.error();
    json.at("epoch").get_to(epoch_);
    seen_ = *seen;
    today_ = std::move(*day);
    return {};
  } catch (const nlohmann::json::exception& error) {
    return Error{Errc::InvalidInput, error.what()};
  }
}

// Counts that the book has not seen before are this day's if they were begun this day, or before the clock
// was set; otherwise nobody knows of which day they are.
void DayBook::look(const counts::Counts& counts, const SourcesOf& sources, std::int64_t now) {
  const std::int64_t day = now / kDay;
  if (day < kFirstDay) return;
  const bool known = counts.epoch == epoch_;
  const rssac002::Volumes volumes = rssac002::volumes_of(counts);
  rssac002::Volumes grown{};
  const std::int64_t begun = counts.since / kDay;
  if (known || begun == day || begun < kFirstDay) grown = volumes;
  if (known) grown -= seen_;
  epoch_ = counts.epoch;
  seen_ = volumes;
  if (today_.day == 0) begin(day);
  const bool over = day != today_.day;
  if (known || !over) today_.volumes += grown;
  const bool save_now = over || now - last_save_ >= kSaveInterval || now < last_save_;
  if (save_now) today_.sources.merge(sources(today_.day));
  if (over) {
    finish();
    begin(day);
    if (!known) today_.volumes += grown;
  }
  if (save_now) save(now);
}

// A clock that has gone back comes to a day that has been published: it goes on with that. What was learnt of
// the zone before the first look at the counts is this day's.
void DayBook::begin(std::int64_t day) {
  rssac002::Day fresh = empty_day(day);
  const std::string name = rssac002::instance_path(fresh.prefix, day, settings_.identity);
  const auto text = directory_.empty() ? Result<std::string>(Error{Errc::Unavailable, "nothing is kept"})
                                       : read_regular_file(directory_ + "/" + name, kMaxFile);
  auto known = text ? rssac002::day_from_json(*text) : Result<rssac002::Day>(text.error());
  if (known && known->source_key_id == fresh.source_key_id) fresh = std::move(*known);
  if (today_.day == 0) {
    fresh.load_seconds.merge(today_.load_seconds);
    fresh.zone_octets.merge(today_.zone_octets);
  }
  today_ = std::move(fresh);
}

void DayBook::finish() {
  if (directory_.empty()) return;
  if (unpublished_.size() >= kMostUnpublished) unpublished_.erase(unpublished_.begin());
  unpublished_.push_back(today_);
  publish_all();
  remove_old();
}

// What cannot be written now is tried again with each save.
void DayBook::publish_all() {
  std::erase_if(unpublished_, [this](const rssac002::Day& day) { return publish(day); });
}

bool DayBook::publish(const rssac002::Day& day) {
  bool whole = write(rssac002::instance_path(day.prefix, day.day, settings_.identity),
                     rssac002::to_json(day));
  for (const std::string_view metric : rssac002::kMetrics) {
    whole = write(rssac002::yaml_path(day, metric), rssac002::yaml(day, metric)) && whole;
  }
  return whole;
}

void DayBook::save(std::int64_t now) {
  last_save_ = now;
  if (directory_.empty() || today_.day == 0) return;
  publish_all();
  const std::string text = fmt::format("{{\"epoch\": {},\n\"day\": {},\n\"seen\": {}}}\n", epoch_,
                                       rssac002::to_json(today_), rssac002::to_json(seen_));
  if (write(kToday, text)) last_write_ = now;
}

bool DayBook::write(const std::string& name, const std::string& content) {
  auto done = make_directories(directory_, name);
  if (done) {
    done = write_whole(directory_ + "/" + name,
                       {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
  }
  if (!done) complain(done.error());
  if (done && unpublished_.empty()) complained_ = false;
  return done.ok();
}

// Once, until something can be written again.
void DayBook::complain(const Error& error) {
  if (!std::exchange(complained_, true)) on_problem_(error.within("RSSAC002"));
}

// As many days as are to be kept, the last ones by their names: not by a clock, which may be ahead.
void DayBook::remove_old() {
  std::map<std::int64_t, std::vector<fs::path>> files;
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(directory_, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const auto day = day_of(entry->path().filename().string(), settings_.rssac002.prefix);
    if (day) files[*day].push_back(entry->path());
  }
  if (error) complain({Errc::System, directory_ + ": " + error.message()});
  for (; files.size() > settings_.rssac002.keep_days; files.erase(files.begin())) {
    std::error_code ignored;  // it stays until the next time
    for (const fs::path& file : files.begin()->second) fs::remove(file, ignored);
  }
}

}  // namespace imrs::web
