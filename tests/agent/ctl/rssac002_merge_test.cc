// From the instances' files to the service's.
#include "agent/ctl/rssac002_merge.h"

#include <gmock/gmock.h>

#include "agent/rssac002/day.h"
#include "tests/support/temp_directory.h"

namespace imrs::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

constexpr std::int64_t kDay = 20781;  // 2026-11-24

class Rssac002Merge : public testing::Test {
 protected:
  static rssac002::Day day_of(const std::string& instance, std::uint64_t queries) {
    rssac002::Day day;
    day.service = "l.root-servers.net";
    day.prefix = "l-root";
    day.day = kDay;
    day.instances = {instance};
    day.source_key_id = 7;
    day.volumes[0][0].queries = queries;
    day.volumes[1][1].responses = queries + 1;
    day.volumes[0][0].rcodes[3] = queries;
    day.load_seconds[2026112400] = {static_cast<std::uint32_t>(queries)};
    day.zone_octets[2026112400] = 1'300'000;
    counts::LiveSketch sources{};  // half of the next one's too
    for (std::uint64_t i = queries * 10; i < queries * 10 + 2000; ++i) sources.add(counts::mix(i + 1));
    day.sources.ipv4.merge(sources);
    return day;
  }
  std::string put(const rssac002::Day& day) {
    return in_.write(*day.instances.begin() + ".json", rssac002::to_json(day));
  }
  [[nodiscard]] std::string result(std::string_view metric) const {
    rssac002::Day day;
    day.prefix = "l-root";
    day.day = kDay;
    return out_.read(rssac002::yaml_path(day, metric));
  }

  test::TempDirectory in_, out_;
  std::vector<std::string> three_{put(day_of("a", 100)), put(day_of("b", 200)), put(day_of("c", 300))};
};

TEST_F(Rssac002Merge, ThreeFilesToSix) {
  const auto merged = merge_rssac002(three_, out_.path());
  ASSERT_TRUE(merged.ok()) << merged.error().message;
  std::vector<std::string> names;
  for (const std::string_view metric : rssac002::kMetrics) {
    const std::string name(metric);
    names.push_back("2026/11/" + name + "/l-root-20261124-" + name + ".yaml");
    EXPECT_THAT(*merged, HasSubstr(out_.path(names.back()) + "\n")) << "says which";
    EXPECT_THAT(result(metric),
                HasSubstr("service: l.root-servers.net\nstart-period: 2026-11-24T00:00:00Z\n"));
  }
  EXPECT_EQ(names.size(), 6U);
  EXPECT_THAT(out_.files(), UnorderedElementsAreArray(names));
  EXPECT_THAT(result("traffic-volume"), HasSubstr("dns-udp-queries-received-ipv4: 600\n"));
  EXPECT_THAT(result("traffic-volume"), HasSubstr("dns-tcp-responses-sent-ipv6: 603\n"));
  EXPECT_THAT(result("rcode-volume"), HasSubstr("\n3: 600\n"));
  EXPECT_THAT(result("zone-size"), HasSubstr("  2026112400: 1300000\n"));
  EXPECT_THAT(result("load-time"), HasSubstr("  2026112400: 300\n"));
}

TEST_F(Rssac002Merge, ASourceOfTwoInstancesIsOne) {
  ASSERT_TRUE(merge_rssac002(three_, out_.path()).ok());
  const std::string text = result("unique-sources");
  const std::string key = "num-sources-ipv4: ";
  ASSERT_THAT(text, HasSubstr(key));
  EXPECT_NEAR(std::stod(text.substr(text.find(key) + key.size())), 4000, 60) << "not 6000";
}

TEST_F(Rssac002Merge, OneInstanceIsAServiceToo) {
  const auto merged = merge_rssac002({three_[1]}, out_.path());
  ASSERT_TRUE(merged.ok()) << merged.error().message;
  EXPECT_THAT(result("traffic-volume"), HasSubstr("dns-udp-queries-received-ipv4: 200\n"));
}

TEST_F(Rssac002Merge, AgainIsTheSame) {
  ASSERT_TRUE(merge_rssac002(three_, out_.path()).ok());
  const std::string before = result("traffic-sizes");
  ASSERT_TRUE(merge_rssac002({three_[2], three_[0], three_[1]}, out_.path()).ok());
  EXPECT_EQ(result("traffic-sizes"), before);
  EXPECT_EQ(out_.files().size(), 6U);
}

TEST_F(Rssac002Merge, NamesTheFileThatIsBroken) {
  const std::string good = in_.read("b.json");
  const std::pair<const char*, std::string> cases[] = {{"empty", ""},
                                                       {"truncated", good.substr(0, good.size() / 2)},
                                                       {"another file", "{\"format\": \"x\"}"},
                                                       {"a published one", "---\nversion: rssac002v4\n"}};
  for (const auto& [what, content] : cases) {
    in_.write("b.json", content);
    const auto merged = merge_rssac002(three_, out_.path());
    ASSERT_FALSE(merged.ok()) << what;
    EXPECT_THAT(merged.error().message, HasSubstr(three_[1])) << what;
    EXPECT_THAT(out_.files(), IsEmpty()) << what << ": half a service was published";
  }
}

TEST_F(Rssac002Merge, NamesTheFileThatIsMissing) {
  std::filesystem::remove(three_[2]);
  const auto merged = merge_rssac002(three_, out_.path());
  ASSERT_FALSE(merged.ok());
  EXPECT_THAT(merged.error().message, HasSubstr(three_[2]));
}

TEST_F(Rssac002Merge, NamesTheFolderThatIsNoFile) {
  three_.push_back(in_.path());
  ASSERT_NO_THROW({
    const auto merged = merge_rssac002(three_, out_.path());
    ASSERT_FALSE(merged.ok());
    EXPECT_THAT(merged.error().message, HasSubstr(in_.path()));
  });
}

TEST_F(Rssac002Merge, RefusesWhatDoesNotBelongTogether) {
  const struct {
    const char* description;
    void (*change)(rssac002::Day&);
    const char* want;
  } cases[] = {
      {"another day", [](rssac002::Day& day) { ++day.day; }, "2026-11-25"},
      {"another service", [](rssac002::Day& day) { day.service = "m.root-servers.net"; },
       "m.root-servers.net"},
      {"another key", [](rssac002::Day& day) { day.source_key_id = 8; }, "rssac002.source_key"},
      {"an instance twice", [](rssac002::Day& day) { day.instances = {"b"}; }, "comes twice"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> files = three_;
    rssac002::Day day = day_of("d", 1);
    c.change(day);
    files.push_back(in_.write("wrong/d.json", rssac002::to_json(day)));
    const auto merged = merge_rssac002(files, out_.path());
    ASSERT_FALSE(merged.ok()) << c.description;
    EXPECT_THAT(merged.error().message, HasSubstr(c.want)) << c.description;
    EXPECT_THAT(merged.error().message, HasSubstr(files.back()))
        << c.description << ": does not name the file";
    EXPECT_THAT(out_.files(), IsEmpty()) << c.description;
  }
}

TEST_F(Rssac002Merge, NothingIsNothing) { EXPECT_FALSE(merge_rssac002({}, out_.path()).ok()); }

TEST_F(Rssac002Merge, NamesTheDirectoryThatCannotBeWritten) {
  const std::string file = in_.write("file", "");
  const auto merged = merge_rssac002(three_, file);
  ASSERT_FALSE(merged.ok());
  EXPECT_THAT(merged.error().message, HasSubstr(file));
}

}  // namespace
}  // namespace imrs::ctl
