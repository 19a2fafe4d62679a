#include "agent/web/server.h"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "live_server.h"

namespace imrs::web {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

TEST_F(LiveServer, SnapshotInPageOut) {
  const Snapshot snapshot = healthy();
  start({}, &snapshot);
  EXPECT_THAT(get(noc_.port, "/"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Announcing all 5 prefixes")));
  EXPECT_THAT(get(noc_.port, "/api/bgp"), HasSubstr("\"headline\": \"Announcing all 5 prefixes\""));
  EXPECT_THAT(get(ops_.port, "/metrics"), HasSubstr("imrs_zone_serial{zone=\".\"} 2026112401"));
  EXPECT_THAT(get(noc_.port, "/metrics"), StartsWith("HTTP/1.1 404"));
}

TEST_F(LiveServer, TheNextSnapshotReplacesTheOneBefore) {
  const Snapshot first = healthy();
  start({}, &first);
  EXPECT_THAT(get(noc_.port, "/"), HasSubstr("Announcing all 5 prefixes"));
  send_snapshot(agent_, withdrawn("wrong answer"));
  std::string page;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  do {
    page = get(noc_.port, "/");
  } while (page.find("Withdrawn: wrong answer") == std::string::npos &&
           std::chrono::steady_clock::now() < deadline);
  EXPECT_THAT(page, HasSubstr("Withdrawn: wrong answer"));
  EXPECT_THAT(page, Not(HasSubstr("Announcing all")));
}

TEST_F(LiveServer, BeforeTheFirstSnapshotItSaysSo) {
  start({}, nullptr);
  EXPECT_THAT(get(noc_.port, "/"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("No state yet")));
}

TEST_F(LiveServer, WhatIsNoSnapshotIsLeftAlone) {
  const Snapshot snapshot = healthy();
  start({}, &snapshot);
  const std::string junk("\x02\x57\x00\x00{\"time_ms\": ", 16);  // kWebSnapshot and half a text
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(junk.data()), junk.size());
  ASSERT_TRUE(agent_.send(bytes).ok());
  ASSERT_TRUE(agent_.send(bytes).ok());
  ASSERT_TRUE(agent_.send(bytes.subspan(0, 2)).ok());
  ASSERT_TRUE(agent_.send_message(WebSetup{}).ok());
  EXPECT_THAT(get(noc_.port, "/"), HasSubstr("Announcing all 5 prefixes"));
  end();  // end of file comes after the four messages
  EXPECT_THAT(problems_, SizeIs(1)) << "said once, not for each";
}

TEST_F(LiveServer, AMemfdThatHoldsNoSnapshotIsLeftAlone) {
  const Snapshot snapshot = healthy();
  start({}, &snapshot);
  const auto* type = reinterpret_cast<const std::uint8_t*>(&kWebSnapshot);
  const auto open = make_shared_memfd("not sealed", 4096);
  const auto junk = make_sealed_memfd("junk", std::vector<std::uint8_t>(9, '{'));
  ASSERT_TRUE(open.ok() && junk.ok());
  for (const int fd : {open->get(), junk->get(), 2}) {
    const std::array fds{fd};
    ASSERT_TRUE(agent_.send({type, sizeof kWebSnapshot}, fds).ok());
  }
  EXPECT_THAT(get(noc_.port, "/"), HasSubstr("Announcing all 5 prefixes"));
  end();
  EXPECT_THAT(problems_, SizeIs(1)) << "said once, not for each";
}

TEST_F(LiveServer, EndsWithTheChannelEvenWhileClientsAreConnected) {
  const Snapshot snapshot = healthy();
  start({}, &snapshot);
  Client idle(noc_.port), half(ops_.port);
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(idle.read_reply(), StartsWith("HTTP/1.1 200"));
  half.send("GET / HT");
  end();  // joins: hangs, and is ended by ctest, if run() does not come back
}

TEST_F(LiveServer, The65thConnectionIsClosedAndTheOtherListenerIsNotTouched) {
  const Snapshot snapshot = healthy();
  start({.per_client = 64}, &snapshot);
  std::vector<Client> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back(noc_.port);
    clients.back().send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_THAT(clients.back().read_reply(true), StartsWith("HTTP/1.1 200")) << i;
  }
  EXPECT_EQ(Client(noc_.port).read_to_end(), "");
  EXPECT_THAT(get(ops_.port, "/"), StartsWith("HTTP/1.1 200"));
  clients.pop_back();
  std::string reply;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  do {
    reply = get(noc_.port, "/");  // until the server has seen the close
  } while (reply.empty() && std::chrono::steady_clock::now() < deadline);
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200")) << "a place that is free is given again";
}

TEST(ServerOpen, RefusesWhatDoesNotListen) {
  Listeners listeners;
  listeners.ops.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto server = Server::open(std::move(listeners), {});
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(server.error().message, HasSubstr("ops listener: a descriptor is not a listening TCP"));
}

TEST(ReceiveSetup, RefusesAnythingElse) {
  const struct {
    const char* description;
    std::uint32_t noc, ops;
    int descriptors;
  } cases[] = {{"a socket too few", 1, 1, 3},
               {"a socket too many", 1, 0, 4},
               {"no settings", 0, 0, 0},
               {"counts that wrap around", 0xFFFFFFFF, 1, 1}};
  for (const auto& c : cases) {
    auto pair = Channel::make_pair();
    ASSERT_TRUE(pair.ok());
    WebSetup setup;
    setup.noc_sockets = c.noc;
    setup.ops_sockets = c.ops;
    const std::vector<int> fds(static_cast<std::size_t>(c.descriptors), 0);
    ASSERT_TRUE(pair->first.send_message(setup, fds).ok());
    auto received = receive_setup(pair->second);
    ASSERT_FALSE(received.ok()) << c.description;
    EXPECT_THAT(received.error().message, HasSubstr("unexpected message")) << c.description;
  }
}

TEST(ReceiveSetup, RefusesSettingsThatCouldStillChange) {
  auto pair = Channel::make_pair();
  ASSERT_TRUE(pair.ok());
  const std::array fds{0, 0};
  ASSERT_TRUE(pair->first.send_message(WebSetup{}, fds).ok());
  auto received = receive_setup(pair->second);
  ASSERT_FALSE(received.ok());
  EXPECT_THAT(received.error().message, HasSubstr("settings: "));
}

TEST(ReceiveSetup, AnAgentThatHasGoneIsAnEnd) {
  auto pair = Channel::make_pair();
  ASSERT_TRUE(pair.ok());
  pair->first.close();
  auto received = receive_setup(pair->second);
  ASSERT_FALSE(received.ok());
  EXPECT_EQ(received.error().code, Errc::Closed);
}

}  // namespace
}  // namespace imrs::web
