// Octets of the image are flipped, one at a time and everywhere, and all checksums made right again: loading
// or the audit has to refuse it, unless not one octet of one response differs.
#include <gmock/gmock.h>

#include <chrono>
#include <random>

#include "dns/image/image.h"
#include "tests/dns/audit/image_map.h"

namespace imrs::audit {
namespace {

using test::AuditLab;
using test::ImageMap;
using test::Octets;

struct Tally {
  int flips = 0, refused_by_loading = 0, refused_by_audit = 0, without_effect = 0;
};

// At most so many flips for each kind of part: all of them take too long.
#ifdef IMRS_SANITIZED
constexpr std::size_t kFlipsOfAKind = 300;
#else
constexpr std::size_t kFlipsOfAKind = 4000;
#endif

class Flips : public testing::Test {
 protected:
  Flips() : auditor_(lab_.auditor()), map_(lab_.image()) {
    auto image = image::Image::adopt(lab_.image());
    auto report = auditor_.audit(
        **image, [this](auto, auto response) { transcript_.emplace_back(response.begin(), response.end()); });
    if (!report) ADD_FAILURE() << report.error().message;
  }

  // One flip; false if it was accepted although a response differs.
  bool flip(std::size_t at, int bit, Tally& tally) {
    Octets octets = lab_.image();
    octets[at] = static_cast<std::uint8_t>(octets[at] ^ 1U << bit);
    map_.refresh(octets, at);
    ++tally.flips;
    auto image = image::Image::adopt(std::move(octets));
    if (!image) return ++tally.refused_by_loading, true;
    std::size_t asked = 0, different = 0;
    const auto report = auditor_.audit(**image, [&](auto, auto response) {
      different += asked >= transcript_.size() || !std::ranges::equal(transcript_[asked], response) ? 1 : 0;
      ++asked;
    });
    if (!report) return ++tally.refused_by_audit, true;
    if (different > 0 || asked != transcript_.size()) return false;
    return ++tally.without_effect, true;
  }

  AuditLab lab_;
  Auditor auditor_;
  ImageMap map_;
  std::vector<Octets> transcript_;
};

TEST_F(Flips, NoneIsAcceptedThatChangesAResponse) {
  std::map<std::string, std::vector<std::size_t>> places;
  for (const test::Part& part : map_.parts()) {
    for (std::size_t at = part.begin; at < part.end; ++at) places[part.kind].push_back(at);
  }
  std::mt19937 random(1);
  const auto start = std::chrono::steady_clock::now();
  int sum = 0;
  std::printf("%-12s %7s %7s %8s %8s %10s\n", "region", "octets", "flips", "loading", "audit", "no effect");
  for (auto& [kind, offsets] : places) {
    const std::size_t octets = offsets.size();
    std::ranges::shuffle(offsets, random);
    offsets.resize(std::min(octets, kFlipsOfAKind));
    Tally tally;
    for (const std::size_t at : offsets) {
      const int bit = static_cast<int>(random() % 8);
      EXPECT_TRUE(flip(at, bit, tally))
          << kind << ": octet " << at << " bit " << bit << " changes a response";
    }
    std::printf("%-12s %7zu %7d %8d %8d %10d\n", kind.c_str(), octets, tally.flips, tally.refused_by_loading,
                tally.refused_by_audit, tally.without_effect);
    sum += tally.flips;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%d flips, %zu questions for each, %.1f s\n", sum, transcript_.size(), took.count());
  EXPECT_GT(sum, static_cast<int>(2 * kFlipsOfAKind));
}

}  // namespace
}  // namespace imrs::audit
