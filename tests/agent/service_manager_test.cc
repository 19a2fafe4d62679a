// What systemd would hear.
#include "agent/service_manager.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>

namespace imrs::agent {
namespace {

using std::chrono::milliseconds;

class ServiceManagerTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::mkdtemp(name_.data());
    const std::string path = directory_ + "/notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    std::filesystem::remove_all(directory_);
    ::unsetenv("WATCHDOG_USEC");
  }
  std::string heard() {
    std::string text(100, '\0');
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), 0);
    return size < 0 ? "" : text.substr(0, static_cast<std::size_t>(size));
  }

  std::string name_ = (std::filesystem::temp_directory_path() / "imrs-notify-XXXXXX").string();
  std::string directory_;
  UniqueFd socket_;
};

TEST_F(ServiceManagerTest, HearsStatesAndBeats) {
  ::setenv("WATCHDOG_USEC", "2000000", 1);
  ServiceManager manager = ServiceManager::from_environment();
  EXPECT_EQ(::getenv("NOTIFY_SOCKET"), nullptr);  // no child may speak for us
  EXPECT_EQ(::getenv("WATCHDOG_USEC"), nullptr);
  manager.say("READY=1");
  EXPECT_EQ(heard(), "READY=1");
  const std::chrono::steady_clock::time_point start{std::chrono::hours(1)};
  manager.beat(start);
  EXPECT_EQ(heard(), "WATCHDOG=1");
  manager.beat(start + milliseconds(499));
  EXPECT_EQ(heard(), "");
  manager.beat(start + milliseconds(500));
  EXPECT_EQ(heard(), "WATCHDOG=1");
}

TEST_F(ServiceManagerTest, IsNotWaitedFor) {
  ServiceManager manager = ServiceManager::from_environment();
  for (int i = 0; i < 10'000; ++i) manager.say("STATUS=nobody reads this");
  EXPECT_EQ(heard(), "STATUS=nobody reads this");
  manager.beat({});  // no watchdog was asked for
}

TEST(ServiceManager, MayNotBeThere) {
  for (const char* path : {"", "/nowhere/notify", "relative"}) {
    ::setenv("NOTIFY_SOCKET", path, 1);
    ServiceManager::from_environment().say("READY=1");
  }
}

}  // namespace
}  // namespace imrs::agent
