// `imrsctl rssac002-merge`. Needs no agent: it runs wherever the instances' files were brought together.
#include "agent/ctl/rssac002_merge.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/base/whole_file.h"
#include "agent/rssac002/day.h"

namespace imrs::ctl {
namespace {

namespace fs = std::filesystem;

Result<rssac002::Day> read_day(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) return Error{Errc::System, file + ": cannot be read"};
  auto day = rssac002::day_from_json(text);
  if (!day) return day.error().within(file);
  return day;
}

}  // namespace

Result<std::string> merge_rssac002(const std::vector<std::string>& files, const std::string& directory) {
  std::vector<rssac002::Day> days;
  for (const std::string& file : files) {
    auto day = read_day(file);
    if (!day) return day.error();
    days.push_back(std::move(*day));
  }
  const auto whole = rssac002::merge(days);
  if (!whole) return whole.error();
  std::string written;
  for (const std::string_view metric : rssac002::kMetrics) {
    const std::string path = directory + "/" + rssac002::yaml_path(*whole, metric);
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    if (error) return Error{Errc::System, path + ": " + error.message()};
    const std::string content = rssac002::yaml(*whole, metric);
    auto done = write_whole(path, {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
    if (!done) return done.error();
    written += path + "\n";
  }
  return written;
}

}  // namespace imrs::ctl
