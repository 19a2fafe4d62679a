// Images change under load: every answer is from one of them, whole, and after serve() from the new one.
#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "tests/dns/engine/client.h"
#include "tests/dns/engine/swap_clients.h"

namespace imrs::test {
namespace {

constexpr std::size_t kSwaps = 200, kClients = 4;

#ifdef IMRS_SANITIZED
constexpr std::size_t kRealVersions = 4;
#else
constexpr std::size_t kRealVersions = 8;
#endif
// Of ../shared/rootzone; natura. leaves with 2024061202.
constexpr const char* kSerials[] = {"2024061100", "2024061101", "2024061102", "2024061200",
                                    "2024061201", "2024061202", "2024061300", "2024061301"};

// Runs the swaps and checks what the clients have seen.
void swap_under_load(const Versions& versions) {
  std::set<Octets> distinct;
  for (const Question& question : versions.questions) distinct.insert(question.octets);
  ASSERT_GE(distinct.size(), 200U);
  constexpr std::uint8_t kWorkers = 2;
  TestEngine engine(kWorkers);
  engine.serve(versions.images[0]);
  SwapClients clients(versions, engine, kClients);
  for (std::size_t i = 0; i < kSwaps; ++i) clients.swap();
  const SwapCounts& counts = clients.counts();
  std::printf("%zu questions, %llu answers, while images changed %llu of the old and %llu of the new one\n",
              distinct.size(), static_cast<unsigned long long>(counts.answered),
              static_cast<unsigned long long>(counts.old_version),
              static_cast<unsigned long long>(counts.new_version));
  EXPECT_EQ(counts.lost, 0U);
  EXPECT_EQ(counts.wrong, 0U);
  EXPECT_GE(counts.answered, kSwaps * kClients);
  EXPECT_GT(counts.old_version, 0U) << "no question was under way when an image changed: nothing is proved";
  EXPECT_GT(counts.new_version, 0U);
  for (std::uint8_t worker = 0; worker < kWorkers; ++worker) {
    EXPECT_EQ(engine.page(worker).generation, kSwaps + 1);
    EXPECT_EQ(engine.page(worker).send_errors, 0U);
  }
}

Versions generated_versions(std::uint32_t count) {
  std::vector<std::shared_ptr<const image::Image>> images;
  for (std::uint32_t serial = 1; serial <= count; ++serial) {
    images.push_back(image_of(three_zones_signed_by(serial)));
  }
  std::vector<std::string> names{"alpha.", "arpa.", "beta.", "net.", "deep.empty.zeta.", "root-servers.net."};
  for (int i = 0; i < 600; ++i) names.push_back("n" + std::to_string(i) + ".");
  return make_versions(std::move(images), names);
}

TEST(Swap, BetweenGeneratedZonesNothingIsMixedOrLost) { swap_under_load(generated_versions(5)); }

std::string folder_of_zones() {
  const char* const shared = std::getenv("IMRS_SHARED");
  return (shared != nullptr ? shared : std::string(IMRS_GOLDEN_DIR) + "/../../../shared") + "/rootzone/";
}

std::string unpacked(const std::string& path) {
  const std::string command = "xz -dc '" + path + "'";
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  std::string out;
  std::vector<char> part(65536);
  for (std::size_t n = 1; pipe != nullptr && n > 0;) {
    n = std::fread(part.data(), 1, part.size(), pipe);
    out.append(part.data(), n);
  }
  return pipe != nullptr && ::pclose(pipe) == 0 ? out : std::string();
}

std::vector<std::string> tlds_of(const std::string& zone) {
  std::set<std::string> out;
  std::istringstream lines(zone);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string owner, ttl, rr_class, type;
    fields >> owner >> ttl >> rr_class >> type;
    if (type == "NS" && owner != ".") out.insert(owner);
  }
  return {out.begin(), out.end()};
}

TEST(Swap, BetweenConsecutiveRootZonesNothingIsMixedOrLost) {
  std::vector<std::shared_ptr<const image::Image>> images;
  std::vector<std::string> tlds;
  for (const char* serial : std::span(kSerials).last(kRealVersions)) {
    const std::string path = folder_of_zones() + "root-" + serial + ".zone.xz";
    if (!std::filesystem::exists(path)) {
      GTEST_SKIP() << "SKIPPED: no root zone at " << path
                   << " (set IMRS_SHARED to the folder that has rootzone/)";
    }
    const std::string zone = unpacked(path);
    if (zone.empty()) GTEST_SKIP() << "SKIPPED: xz cannot unpack " << path << " (install xz-utils)";
    if (tlds.empty()) tlds = tlds_of(zone);
    images.push_back(image_of({{".", signed_by(zone, static_cast<std::uint32_t>(std::stoul(serial)))}}));
  }
  const Versions versions = make_versions(std::move(images), tlds);
  // At least the delegations that really changed in these days.
  EXPECT_GT(std::ranges::count_if(versions.right, [](const auto& right) { return right[0] != right.back(); }),
            200);
  swap_under_load(versions);
}

// What the tests above rest on: the check knows a wrong answer when it sees one.
TEST(Swap, TheCheckTellsVersionsAndMixturesApart) {
  const Versions versions = generated_versions(4);
  EXPECT_EQ(version_at(0, 4), 0U);
  EXPECT_EQ(version_at(3, 4), 3U);
  EXPECT_EQ(version_at(4, 4), 2U);
  EXPECT_EQ(version_at(6, 4), 0U);
  std::size_t mixable = 0;
  for (const auto& right : versions.right) {
    if (right[1] == right[2] || right[0] == right[1]) continue;
    EXPECT_EQ(steps_that_say(right, right[1], 1, 2), 1U);
    EXPECT_EQ(steps_that_say(right, right[2], 1, 2), 2U);
    EXPECT_EQ(steps_that_say(right, right[0], 1, 2), 0U) << "an image that is no longer served";
    EXPECT_EQ(steps_that_say(right, std::span(right[1]).first(right[1].size() - 1), 1, 2), 0U);
    EXPECT_EQ(steps_that_say(right, {}, 1, 2), 0U);
    ASSERT_EQ(right[1].size(), right[2].size());
    Octets mixture = right[1];
    std::copy_n(right[2].begin(), mixture.size() / 2, mixture.begin());
    if (mixture == right[1] || mixture == right[2]) continue;  // they differ in one half only
    ++mixable;
    EXPECT_EQ(steps_that_say(right, mixture, 1, 2), 0U);
  }
  EXPECT_GT(mixable, 200U);
}

TEST(Swap, TheOldImageIsReleased) {
  TestEngine engine(2);
  auto first = image_of(three_zones(1));
  const std::weak_ptr<const image::Image> watch = first;
  engine.serve(std::move(first));
  EXPECT_FALSE(watch.expired());
  engine.serve(image_of(three_zones(2)));
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace imrs::test
