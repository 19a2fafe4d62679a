// The control socket: one line in, one text out, and nothing that a client can do holds the agent up.
#include "agent/control.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "agent/ctl/client.h"
#include "agent/spawn.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::agent {
namespace {

using testing::HasSubstr;

class ControlTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root is answered";
    auto listener = open_control_socket(path_);
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    server_ = std::make_unique<ControlServer>(context_.get_executor(), [](std::string_view request) {
      return ControlReply{"answer to " + std::string(request)};
    });
    spawn(context_.get_executor(), server_->run(std::move(*listener)));
    thread_ = std::thread([this] { context_.run(); });
  }
  void TearDown() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] UniqueFd connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  // What comes until the end; bounded by the server's own limit.
  static std::string read_all(int fd) {
    std::string all;
    char piece[4096];
    pollfd watch{fd, POLLIN, 0};
    while (::poll(&watch, 1, 10000) == 1) {
      const ssize_t n = ::recv(fd, piece, sizeof piece, 0);
      if (n <= 0) return all;
      all.append(piece, static_cast<std::size_t>(n));
    }
    return "(still open)";
  }

  test::TempDir dir_;
  const std::string path_ = dir_.path("run/control.sock");
  boost::asio::io_context context_;
  std::unique_ptr<ControlServer> server_;
  std::thread thread_;
};

TEST_F(ControlTest, AnswersRootAndNobodyElse) {
  EXPECT_EQ(ctl::ask_agent(path_, "status").value(), "answer to status");
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ::chmod(path_.c_str(), 0777);  // somebody was careless: the kernel still says who it is
  ::chmod(dir_.path("run").c_str(), 0755);
  std::filesystem::permissions(dir_.path("."), std::filesystem::perms(0755));
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setuid(65534) != 0) ::_exit(3);
    const UniqueFd fd = connect();
    (void)::send(fd.get(), "status\n", 7, MSG_NOSIGNAL);
    ::_exit(read_all(fd.get()).empty() ? 0 : 1);
  }
  int exit_status = -1;
  ASSERT_EQ(::waitpid(pid, &exit_status, 0), pid);
  EXPECT_TRUE(WIFEXITED(exit_status) && WEXITSTATUS(exit_status) == 0) << exit_status;
}

TEST_F(ControlTest, WhatIsNoLineGetsNothing) {
  const UniqueFd cut = connect(), silent = connect(), large = connect();
  ASSERT_EQ(::send(cut.get(), "stat", 4, 0), 4);
  ::shutdown(cut.get(), SHUT_WR);
  EXPECT_EQ(read_all(cut.get()), "");
  const std::string much(100'000, 'x');
  (void)::send(large.get(), much.data(), much.size(), MSG_NOSIGNAL);
  EXPECT_EQ(read_all(large.get()), "");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(read_all(silent.get()), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, ControlServer::kLimit + std::chrono::seconds(30));
  EXPECT_EQ(ctl::ask_agent(path_, "again").value(), "answer to again");
}

TEST_F(ControlTest, ManyAtATimeAreClosedAndItGoesOn) {
  std::vector<UniqueFd> all;
  for (std::size_t i = 0; i < 2 * ControlServer::kMaxConnections; ++i) all.push_back(connect());
  for (const UniqueFd& fd : all) EXPECT_EQ(read_all(fd.get()), "") << "none asked anything";
  EXPECT_EQ(ctl::ask_agent(path_, "again").value(), "answer to again");
}

TEST_F(ControlTest, ASocketThatIsInUseIsNotTakenAndAnOldOneIs) {
  auto second = open_control_socket(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("another program listens"));
  const std::string old = dir_.path("old.sock");
  { ASSERT_TRUE(open_control_socket(old).ok()); }  // ended, its file is left
  EXPECT_TRUE(open_control_socket(old).ok());
  std::ofstream(dir_.path("file")) << "no socket";
  auto file = open_control_socket(dir_.path("file"));
  ASSERT_FALSE(file.ok()) << "what is no socket is not removed";
  EXPECT_TRUE(std::filesystem::exists(dir_.path("file")));
}

TEST(ControlClient, SaysWhatToDo) {
  const test::TempDir dir;
  EXPECT_THAT(ctl::ask_agent(dir.path("none"), "status").error().message, HasSubstr("is it running"));
  EXPECT_THAT(ctl::ask_agent(std::string(200, 'x'), "status").error().message, HasSubstr("107 octets"));
}

}  // namespace
}  // namespace imrs::agent
