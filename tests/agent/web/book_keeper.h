// tests/agent/web/book_keeper.h
// A day book in a directory of the test, which can end and be opened again, and the counts it looks at.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/web/day_book.h"
#include "tests/support/temp_directory.h"

namespace imrs::web {

inline constexpr std::int64_t kNoon = 1'795'521'600;  // 2026-11-24 12:00:00 UTC
inline constexpr std::int64_t kDayLength = 86400;
inline constexpr std::int64_t kToday = kNoon / kDayLength;
inline constexpr std::int64_t kMidnight = (kToday + 1) * kDayLength;  // the end of that day

// `queries` by UDP over IPv4, each answered, with what goes with them.
[[nodiscard]] inline counts::Counts counted(std::uint64_t epoch, std::uint64_t queries, std::int64_t since) {
  counts::Counts out;
  out.epoch = epoch;
  out.since = since;
  out.paths.push_back({Transport::Udp, {Family::V4, "192.0.2.1"}, {}});
  counts::Traffic& traffic = out.paths[0].traffic;
  traffic.queries = traffic.responses = queries;
  traffic.rcodes[3] = traffic.query_sizes[2] = traffic.response_sizes[40] = queries;
  return out;
}

class BookKeeper : public testing::Test {
 protected:
  BookKeeper() {
    settings_.identity = "fra02.l.example";
    settings_.source_key_id = 7;
  }

  // What imrs-web does when it starts; what was there before has crashed, unless it was saved.
  void start(std::int64_t now) {
    book_.emplace(settings_, folder(), [this](const Error& error) { problems_.push_back(error.message); });
    book_->open(now);
  }

  void look(std::uint64_t epoch, std::uint64_t queries, std::int64_t now) {
    const auto sources = [this](std::int64_t day) {
      asked_.push_back(day);
      return sources_;
    };
    // An epoch begins when it is first looked at, unless the test says that it is older.
    const std::int64_t since = begun_.emplace(epoch, now).first->second;
    book_->look(counted(epoch, queries, since), sources, now);
  }

  [[nodiscard]] std::uint64_t queries() const { return volume(book_->today()).queries; }
  [[nodiscard]] static const rssac002::Volume& volume(const rssac002::Day& day) { return day.volumes[0][0]; }

  // As it was published.
  [[nodiscard]] rssac002::Day published(std::int64_t day) const {
    const std::string name = rssac002::instance_path(settings_.rssac002.prefix, day, settings_.identity);
    auto read = rssac002::day_from_json(directory_.read("book/" + name));
    EXPECT_TRUE(read.ok()) << name << ": " << (read.ok() ? "" : read.error().message);
    return read.ok() ? std::move(*read) : rssac002::Day{};
  }
  [[nodiscard]] bool has(const std::string& name) const { return directory_.has("book/" + name); }
  [[nodiscard]] std::string yaml_name(std::string_view metric) const {
    return "2026/11/" + std::string(metric) + "/l-root-20261124-" + std::string(metric) + ".yaml";
  }
  [[nodiscard]] std::string folder() const { return directory_.path("book"); }

  test::TempDirectory directory_;
  WebSettings settings_;
  std::optional<DayBook> book_;
  std::map<std::uint64_t, std::int64_t> begun_;  // epochs
  std::vector<std::string> problems_;
  std::vector<std::int64_t> asked_;  // days of which the sources were
  counts::Sources sources_;          // what the engine's memory has
};

}  // namespace imrs::web
