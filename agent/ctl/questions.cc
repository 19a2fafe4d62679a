// Asks the agent and reads what it lends. Called by the commands that look. It changes nothing.
#include "agent/ctl/questions.h"

#include <ctime>
#include <vector>

#include "agent/config/web_settings.h"
#include "agent/ctl/client.h"

namespace imrs::ctl {
namespace {

constexpr const char* kOtherVersion = "is the agent of another version?";
constexpr std::size_t kMostMissing = 1000;
constexpr std::int64_t kDay = 86400;  // seconds

}  // namespace

Result<Snapshot> ask_for_snapshot(const std::string& socket) {
  auto answer = ask_agent(socket, "status");
  if (!answer) return answer.error();
  auto snapshot = snapshot_from_json(*answer);
  if (!snapshot) return snapshot.error().within(kOtherVersion);
  return snapshot;
}

Result<Statistics> ask_for_statistics(const std::string& socket) {
  const auto answer = ask_agent_for_descriptor(socket, "counters");
  if (!answer) return answer.error();
  const auto settings = web_settings_from_json(answer->text);
  if (!settings) return settings.error().within(kOtherVersion);
  const auto pages = counts::Pages::map(answer->descriptor.get(), settings->workers, false);
  if (!pages) return pages.error().within(kOtherVersion);
  std::vector<counts::Service> services;
  for (const WebService& service : settings->services) services.push_back({service.family, service.address});
  const std::int64_t day = std::time(nullptr) / kDay;
  const counts::Sources sources = counts::read_sources(*pages, day);
  return Statistics{.counts = counts::read_counts(*pages, services),
                    .ipv4 = sources.ipv4.estimate(),
                    .ipv6 = sources.ipv6.estimate(),
                    .ipv6_aggregate = sources.ipv6_aggregate.estimate(),
                    .missing = counts::read_missing(*pages, day, kMostMissing)};
}

}  // namespace imrs::ctl
