// Standing orders as text and on disk.
#include "agent/snapshot/standing_orders.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "agent/base/directory.h"

namespace imrs {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

StandingOrders sample() {
  return {.start = "a1b2",
          .number = 7,
          .overlaid = {{"host4", "drain", "new disks"}, {"host6", "withdraw", ""}},
          .waived = {{"signature-dates", 1'800'000'000}}};
}

class KeptOrders : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "imrs-orders-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(directory_); }

  [[nodiscard]] std::string file() const { return directory_ + "/orders.json"; }

  std::string directory_;
};

TEST(StandingOrdersText, ComesBackAsItWas) {
  const auto back = parse_standing_orders(to_json(sample()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, sample());
  EXPECT_EQ(parse_standing_orders(R"({"overlaid": [], "waived": []})")->number, 0U) << "an older one";
}

TEST(StandingOrdersText, NothingElseIsTaken) {
  const std::string much(100'000, ' ');
  for (const std::string& bad :
       {std::string(), std::string("[]"), std::string("{}"),
        std::string(R"({"overlaid": [{"neighbour": "a", "order": "fly"}], "waived": []})"),
        std::string(R"({"overlaid": [{"neighbour": 1, "order": "drain"}], "waived": []})"),
        std::string(R"({"overlaid": [], "waived": [{"check": "x", "until": 1}]})"),
        std::string(R"({"number": -1.5e300, "overlaid": [], "waived": 1})"),
        R"({"overlaid": [], "waived": []})" + much}) {
    EXPECT_FALSE(parse_standing_orders(bad)) << bad.substr(0, 80);
  }
}

TEST_F(KeptOrders, AreReadAgain) {
  EXPECT_EQ(*read_standing_orders(directory_), StandingOrders());
  EXPECT_EQ(*read_standing_orders(""), StandingOrders());
  ASSERT_TRUE(keep_standing_orders(sample(), directory_));
  EXPECT_EQ(*read_standing_orders(directory_), sample());
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 1) << "no temporary file is left";
}

// Two orders at a time: the answer to the first one is written after that to the second.
TEST_F(KeptOrders, AnEarlierStateDoesNotReplaceALaterOne) {
  StandingOrders first = sample();
  first.number = 1;
  first.overlaid.pop_back();
  ASSERT_TRUE(keep_standing_orders(sample(), directory_));
  EXPECT_TRUE(keep_standing_orders(first, directory_));
  EXPECT_EQ(*read_standing_orders(directory_), sample());
  first.number = 8;
  EXPECT_TRUE(keep_standing_orders(first, directory_));
  EXPECT_EQ(*read_standing_orders(directory_), first);
  first.start = "c3d4";
  first.number = 1;
  EXPECT_TRUE(keep_standing_orders(first, directory_));
  EXPECT_EQ(*read_standing_orders(directory_), first) << "an agent counts from its own start on";
}

TEST_F(KeptOrders, ADamagedFileIsNamedAndReplaced) {
  std::ofstream(file()) << "{";
  EXPECT_THAT(read_standing_orders(directory_).error().message,
              HasSubstr("orders.json: not standing orders"));
  EXPECT_TRUE(keep_standing_orders(sample(), directory_));
  EXPECT_EQ(*read_standing_orders(directory_), sample());
}

TEST_F(KeptOrders, ADirectoryThatSomebodyHoldsOrThatIsNotThereIsAnError) {
  const auto lock = lock_directory(directory_);
  ASSERT_TRUE(lock);
  EXPECT_EQ(keep_standing_orders(sample(), directory_).error().code, Errc::Unavailable);
  EXPECT_FALSE(fs::exists(file()));
  EXPECT_FALSE(keep_standing_orders(sample(), directory_ + "/none"));
}

}  // namespace
}  // namespace imrs
