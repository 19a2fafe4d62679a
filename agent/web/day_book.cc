// The day's counts on disk. Called by Telemetry once a second. It must never lose a day because a file of it
// cannot be read, and never publish one twice with different contents unless it has gone on.
#include "agent/web/day_book.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <utility>
#include <nlohmann/json.hpp>

#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"

namespace imrs::web {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = 86400;
// Before that the clock has not been set; what is counted then belongs to the day it turns out to be.
constexpr std::int64_t kFirstDay = 20454;  // 2026-01-01
constexpr const char* kToday = "today.json";
constexpr std::size_t kMaxFile = 16U << 20;  // octets

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

// As of a day file without sources and sizes: what the engine had counted.
rssac002::Day as_day(const rssac002::Day& like, const rssac002::Volumes& volumes) {
  rssac002::Day out = like;
  out.volumes = volumes;
  out.sources = {};
  return out;
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
  const auto text = read_regular_file(directory_ + "/" + kToday, kMaxFile);
  if (!text && text.error().code == Errc::Unavailable) return;  // the first start
  begin_from_here_ = true;
  if (!text) {
    complained_ = true;
    return on_problem_(text.error().within("RSSAC002: the day's counts begin anew"));
  }
  try {
    const auto json = nlohmann::json::parse(*text);
    auto day = rssac002::day_from_json(json.at("day").dump());
    auto seen = rssac002::day_from_json(json.at("seen").dump());
    if (!day) throw std::invalid_argument(day.error().message);
    if (!seen) throw std::invalid_argument(seen.error().message);
    json.at("epoch").get_to(epoch_);
    seen_ = seen->volumes;
    today_ = std::move(*day);
    begin_from_here_ = false;
  } catch (const std::exception& error) {
    on_problem_({Errc::InvalidInput,
                 fmt::format("{}/{}: {}; the day's counts begin anew", directory_, kToday, error.what())});
    return;
  }
  if (today_.source_key_id != settings_.source_key_id) today_.sources = {};
  today_.source_key_id = settings_.source_key_id;
  last_save_ = now;
}

void DayBook::look(const counts::Counts& counts, const SourcesOf& sources, std::int64_t now) {
  const std::int64_t day = now / kDay;
  if (day < kFirstDay) return;
  const bool over = today_.day != 0 && day != today_.day;
  const rssac002::Volumes volumes = rssac002::volumes_of(counts);
  rssac002::Volumes grown = volumes;
  if (std::exchange(begin_from_here_, false)) {
    if (is_published(day) || is_published(day - 1)) grown = {};
  } else if (counts.epoch == epoch_) {
    grown -= seen_;
  }
  epoch_ = counts.epoch;
  seen_ = volumes;
  if (today_.day == 0) begin(day);
  today_.volumes += grown;
  const bool save_now = over || now - last_save_ >= kSaveInterval || now < last_save_;
  if (save_now) today_.sources.merge(sources(today_.day));
  if (over) {
    finish();
    begin(day);
  }
  if (save_now) save(now);
}

bool DayBook::is_published(std::int64_t day) const {
  const std::string name = rssac002::instance_path(settings_.rssac002.prefix, day, settings_.identity);
  return open_regular_file(directory_ + "/" + name).ok();
}

// A clock that has gone back comes to a day that has been published: it goes on with that.
void DayBook::begin(std::int64_t day) {
  today_ = empty_day(day);
  if (directory_.empty()) return;
  const std::string name = rssac002::instance_path(today_.prefix, day, settings_.identity);
  const auto text = read_regular_file(directory_ + "/" + name, kMaxFile);
  if (!text) return;
  auto known = rssac002::day_from_json(*text);
  if (known && known->source_key_id == today_.source_key_id) today_ = std::move(*known);
}

void DayBook::finish() {
  if (directory_.empty()) return;
  publish(today_);
  remove_old();
}

void DayBook::publish(const rssac002::Day& day) {
  for (const std::string_view metric : rssac002::kMetrics) {
    if (!write(rssac002::yaml_path(day, metric), rssac002::yaml(day, metric))) return;
  }
  write(rssac002::instance_path(day.prefix, day.day, settings_.identity), rssac002::to_json(day));
}

void DayBook::save(std::int64_t now) {
  last_save_ = now;
  if (directory_.empty() || today_.day == 0) return;
  const std::string text = fmt::format("{{\"epoch\": {},\n\"day\": {},\n\"seen\": {}}}\n", epoch_,
                                       rssac002::to_json(today_), rssac002::to_json(as_day(today_, seen_)));
  if (write(kToday, text)) last_write_ = now;
}

bool DayBook::write(const std::string& name, const std::string& content) {
  auto done = make_directories(directory_, name);
  if (done) {
    done = write_whole(directory_ + "/" + name,
                       {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
  }
  if (!done && !std::exchange(complained_, true)) on_problem_(done.error().within("RSSAC002"));
  if (done) complained_ = false;
  return done.ok();
}

void DayBook::remove_old() {
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(directory_, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const auto day = day_of(entry->path().filename().string(), settings_.rssac002.prefix);
    std::error_code ignored;  // it stays until the next time
    if (day && today_.day - *day > settings_.rssac002.keep_days) fs::remove(entry->path(), ignored);
  }
  if (error) on_problem_({Errc::System, directory_ + ": " + error.message()});
}

}  // namespace imrs::web
