// `imrsctl rssac002-merge`. Needs no agent: it runs wherever the instances' files were brought together.
#include "agent/ctl/rssac002_merge.h"

#include <filesystem>

#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"
#include "agent/rssac002/day.h"

namespace imrs::ctl {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxFile = 16U << 20;  // octets

Result<rssac002::Day> read_day(const std::string& file) {
  const auto text = read_regular_file(file, kMaxFile);
  if (!text) return text.error();
  auto day = rssac002::day_from_json(*text);
  if (!day) return day.error().within(file);
  return day;
}

}  // namespace

Result<std::string> merge_rssac002(const std::vector<std::string>& files, const std::string& directory) {
  std::vector<rssac002::Day> sum;
  for (const std::string& file : files) {
    auto day = read_day(file);
    if (!day) return day.error();
    sum.push_back(std::move(*day));
    auto merged = rssac002::merge(sum);
    if (!merged) return merged.error().within(file);
    sum = {std::move(*merged)};
  }
  if (sum.empty()) return Error{Errc::InvalidInput, "nothing to merge"};
  const rssac002::Day& whole = sum.front();
  std::string written;
  for (const std::string_view metric : rssac002::kMetrics) {
    const std::string path = directory + "/" + rssac002::yaml_path(whole, metric);
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    if (error) return Error{Errc::System, path + ": " + error.message()};
    const std::string content = rssac002::yaml(whole, metric);
    auto done = write_whole(path, {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
    if (!done) return done.error();
    written += path + "\n";
  }
  return written;
}

}  // namespace imrs::ctl
