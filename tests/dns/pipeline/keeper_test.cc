// What the disk does, and that nobody but the keeper waits for it.
#include "dns/pipeline/keeper.h"

#include <gmock/gmock.h>

#include <future>

#include "tests/dns/transfer/messages.h"

namespace imrs::pipeline {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// A disk that a test commands.
class Disk {
 public:
  Result<void> save(const std::string& file, std::span<const std::uint8_t> content) {
    std::unique_lock lock(mutex_);
    ++attempts_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hangs_; });
    if (full_) return Error{Errc::System, "write: No space left on device"};
    written_.push_back(file + " " + std::to_string(content.front()));
    changed_.notify_all();
    return {};
  }
  void set(bool hangs, bool full) {
    const std::lock_guard lock(mutex_);
    hangs_ = hangs;
    full_ = full;
    changed_.notify_all();
  }
  bool wait_attempts(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return attempts_ >= count; });
  }
  std::vector<std::string> wait_written(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return written_.size() >= count; });
    return written_;
  }
  Keeper::Save saver() {
    return [this](const std::string& file, auto content) { return save(file, content); };
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hangs_ = false, full_ = false;
  int attempts_ = 0;
  std::vector<std::string> written_;
};

TEST(Keeper, WritesWhatItIsGiven) {
  Disk disk;
  Keeper keeper(disk.saver());
  keeper.keep("arpa", {1});
  EXPECT_THAT(disk.wait_written(1), ElementsAre("arpa 1"));
  EXPECT_EQ(keeper.trouble(Keeper::Steady::now()), "");
}

TEST(Keeper, AHangingDiskHoldsNobodyUpAndIsToldOf) {
  Disk disk;
  disk.set(true, false);
  Keeper keeper(disk.saver());
  keeper.keep("@", {1});
  ASSERT_TRUE(disk.wait_attempts(1));
  keeper.keep("@", {2});
  keeper.keep("@", {3});
  EXPECT_EQ(keeper.trouble(Keeper::Steady::now()), "");
  EXPECT_THAT(keeper.trouble(Keeper::Steady::now() + Keeper::kPatience), HasSubstr("does not answer"));
  disk.set(false, false);
  EXPECT_THAT(disk.wait_written(2), ElementsAre("@ 1", "@ 3")) << "only the newest of those that waited";
}

TEST(Keeper, AFullDiskIsTriedAgain) {
  Disk disk;
  disk.set(false, true);
  Keeper keeper(disk.saver(), 1ms);
  keeper.keep("@", {1});
  ASSERT_TRUE(disk.wait_attempts(3));
  EXPECT_THAT(keeper.trouble(Keeper::Steady::now()), HasSubstr("No space left on device"));
  disk.set(false, false);
  EXPECT_THAT(disk.wait_written(1), ElementsAre("@ 1"));
}

TEST(Keeper, ItsEndWritesWhatWaitsAndDoesNotWaitForAFullDisk) {
  Disk disk;
  {
    Keeper keeper(disk.saver());
    keeper.keep("@", {1});
    keeper.keep("arpa", {2});
  }
  EXPECT_THAT(disk.wait_written(2), testing::UnorderedElementsAre("@ 1", "arpa 2"));
  disk.set(false, true);
  {
    Keeper keeper(disk.saver(), 1h);
    keeper.keep("@", {3});
  }
  EXPECT_EQ(disk.wait_written(2).size(), 2U);
}

}  // namespace
}  // namespace imrs::pipeline
