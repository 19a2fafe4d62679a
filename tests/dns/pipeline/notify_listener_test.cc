// Who is believed that a zone has changed, and what everybody else is told.
#include "dns/pipeline/notify_listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/base/dns_sockets.h"
#include "dns/transfer/notify.h"
#include "dns/wire/bytes.h"
#include "tests/dns/transfer/messages.h"
#include "tests/dns/transfer/nsd.h"

namespace imrs::pipeline {
namespace {

using test::Octets;
using testing::HasSubstr;

constexpr std::int64_t kNow = 1'790'000'000;
constexpr std::uint16_t kNotify = 0x2400;  // with AA, as NSD and Knot send it

transfer::TsigKey key(const std::string& name, const char* secret = "MTIzNDU2Nzg5MDEyMzQ1Ng==") {
  return transfer::make_tsig_key(name, "hmac-sha256", secret).value();
}

Octets notify(const std::string& origin, std::uint16_t flags = kNotify, std::uint16_t type = 6) {
  return test::message({.flags = flags, .question = origin, .type = type});
}

Octets signed_with(const transfer::TsigKey& with, Octets message, std::int64_t now = kNow) {
  transfer::TsigClient(with).sign(message, now);
  return message;
}

NotifyListener listener(UniqueFd socket = {}, UniqueFd tcp = {}) {
  ZoneSettings settings;
  settings.zones.resize(3);
  settings.zones[0].origin = ".";
  settings.zones[0].primaries = {{{Family::V4, "192.0.2.1"}, 53, ""}, {{Family::V4, "127.0.0.1"}, 53, ""}};
  settings.zones[1].origin = "arpa.";
  settings.zones[1].primaries = {{{Family::V4, "192.0.2.1"}, 53, "lab."}};
  settings.zones[2].origin = "root-servers.net.";
  settings.zones[2].file = "/zone";
  return {{std::move(socket), std::move(tcp)}, settings, {key("lab."), key("other.")}, [] { return kNow; }};
}

TEST(NotifyListener, WhoIsBelieved) {
  constexpr int kNoAnswer = -1;
  const struct {
    const char* description;
    Octets message;
    const char* from;
    int rcode;
    const char* changed = nullptr;
  } cases[] = {
      {"a primary by its address", notify("."), "192.0.2.1", 0, "."},
      {"a stranger", notify("."), "192.0.2.2", 5},
      {"a primary that has to sign, and does not", notify("arpa."), "192.0.2.1", 5},
      {"a primary by its key, from wherever", signed_with(key("lab."), notify("ARPA.")), "192.0.2.9", 0,
       "arpa."},
      {"another key that is known", signed_with(key("other."), notify("arpa.")), "192.0.2.1", 5},
      {"a key that is not known", signed_with(key("nobody."), notify("arpa.")), "192.0.2.1", 9},
      {"another secret", signed_with(key("lab.", "MTIzNDU2Nzg5MDEyMzQ1Nw=="), notify("arpa.")), "192.0.2.1",
       9},
      {"yesterday's", signed_with(key("lab."), notify("arpa."), kNow - 86400), "192.0.2.1", 9},
      {"a zone that is not served", notify("example."), "192.0.2.1", 9},
      {"a zone from a file", notify("root-servers.net."), "192.0.2.1", 9},
      {"a response", notify(".", 0xa400), "192.0.2.1", kNoAnswer},
      {"a query", notify(".", 0), "192.0.2.1", kNoAnswer},
      {"of another type", notify(".", kNotify, 2), "192.0.2.1", kNoAnswer},
      {"cut", Octets(11), "192.0.2.1", kNoAnswer},
      {"nothing", {}, "192.0.2.1", kNoAnswer},
  };
  const NotifyListener listens = listener();
  for (const auto& c : cases) {
    const auto outcome = listens.judge(c.message, c.from);
    EXPECT_EQ(outcome.changed.has_value(), c.changed != nullptr) << c.description;
    if (outcome.changed && c.changed != nullptr) {
      EXPECT_EQ(*outcome.changed, test::name(c.changed));
    }
    EXPECT_EQ(outcome.refused.empty(), c.rcode <= 0) << c.description << outcome.refused;
    EXPECT_EQ(outcome.response.empty(), c.rcode == kNoAnswer) << c.description;
    if (outcome.response.size() < 12) continue;
    EXPECT_EQ(outcome.response[0], c.message[0]);
    EXPECT_EQ(outcome.response[2] & 0xf8, 0xa0) << "a response, of the same opcode";
    EXPECT_EQ(outcome.response[3] & 0xf, c.rcode) << c.description;
  }
}

TEST(NotifyListener, ASignedNotifyGetsASignedAnswer) {
  transfer::TsigClient client(key("lab."));
  Octets message = notify("arpa.");
  client.sign(message, kNow);
  auto outcome = listener().judge(message, "192.0.2.1");
  EXPECT_TRUE(client.verify(outcome.response, kNow).ok());
  transfer::TsigClient late(key("lab."));
  message = notify("arpa.");
  late.sign(message, kNow - 1000);
  outcome = listener().judge(message, "192.0.2.1");
  const auto told = late.verify(outcome.response, kNow - 1000);
  ASSERT_FALSE(told.ok());
  EXPECT_THAT(told.error().message, HasSubstr("BADTIME"));
  transfer::TsigClient wrong(key("lab.", "MTIzNDU2Nzg5MDEyMzQ1Nw=="));
  message = notify("arpa.");
  wrong.sign(message, kNow);
  outcome = listener().judge(message, "192.0.2.1");
  const auto bad = wrong.verify(outcome.response, kNow);
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().message, HasSubstr("BADSIG"));
}

TEST(NotifyListener, ReadsWhatWaitsAndAnswersIt) {
  const auto bound = [] {
    UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  };
  const UniqueFd primary = bound();
  UniqueFd socket = bound();
  sockaddr_in to{};
  socklen_t size = sizeof to;
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&to), &size), 0);
  NotifyListener listens = listener(std::move(socket));
  EXPECT_TRUE(listens.read().empty());
  for (const Octets& message : {notify("."), Octets(3), notify("example.")}) {
    ASSERT_EQ(
        ::sendto(primary.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&to), size),
        static_cast<ssize_t>(message.size()));
  }
  EXPECT_THAT(listens.read(), testing::ElementsAre(wire::Name()));
  for (const int rcode : {0, 9}) {
    Octets answer(512);
    pollfd watch{primary.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&watch, 1, 5000), 1);
    ASSERT_GT(::recv(primary.get(), answer.data(), answer.size(), 0), 12);
    EXPECT_EQ(answer[3] & 0xf, rcode);
  }
}

class ByTcp : public testing::Test {
 protected:
  void SetUp() override {
    auto fd = open_dns_socket(Family::V4, Transport::Tcp, "127.0.0.1", port_, {});
    ASSERT_TRUE(fd.ok()) << fd.error().message;
    listener_.emplace(listener({}, std::move(*fd)));
  }
  [[nodiscard]] UniqueFd connect() const {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
  }
  static void send(const UniqueFd& fd, const Octets& octets) {
    ASSERT_EQ(::send(fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(octets.size()));
  }
  // What has come to `fd` after the listener had its turns; nothing: it was closed.
  std::optional<Octets> answer_to(const UniqueFd& fd) {
    for (int turn = 0; turn < 200; ++turn) {
      for (const wire::Name& name : listener_->read()) changed_.push_back(name.text());
      pollfd watch{fd.get(), POLLIN, 0};
      if (::poll(&watch, 1, 20) != 1) continue;
      Octets answer(512);
      const ssize_t n = ::recv(fd.get(), answer.data(), answer.size(), 0);
      if (n <= 0) return std::nullopt;
      answer.resize(static_cast<std::size_t>(n));
      return answer;
    }
    return Octets();
  }

  const std::uint16_t port_ = test::free_port();
  std::optional<NotifyListener> listener_;
  std::vector<std::string> changed_;
};

TEST_F(ByTcp, IsTakenInAnyPieces) {
  const UniqueFd fd = connect();
  const Octets message = test::framed(notify("."));
  for (const std::uint8_t octet : message) {
    send(fd, {octet});
    (void)listener_->read();
  }
  const auto answer = answer_to(fd);
  ASSERT_TRUE(answer);
  ASSERT_GT(answer->size(), 14U);
  EXPECT_EQ((*answer)[5] & 0xf, 0) << "NOERROR";
  EXPECT_EQ(wire::load_u16(answer->data()) + 2U, answer->size());
  const UniqueFd second = connect();
  send(second, test::joined({message, test::framed(notify("example."))}));
  EXPECT_TRUE(answer_to(second));
  EXPECT_EQ(changed_, std::vector<std::string>{"."});
}

TEST_F(ByTcp, NonsenseTooMuchAndSilenceAreClosed) {
  const UniqueFd nonsense = connect(), silent = connect(), large = connect();
  send(nonsense, test::framed(Octets(20, 0xff)));
  EXPECT_EQ(answer_to(nonsense), std::nullopt);
  Octets much(20'000, 0);
  much[0] = 0xff;
  send(large, much);
  EXPECT_EQ(answer_to(large), std::nullopt);
  EXPECT_EQ(answer_to(silent), std::nullopt) << "after its time";
  EXPECT_TRUE(changed_.empty());
}

TEST_F(ByTcp, ManyConnectionsDoNotKeepAPrimaryOut) {
  std::vector<UniqueFd> idle;
  for (std::size_t i = 0; i < 3 * NotifyListener::kMaxConnections; ++i) {
    idle.push_back(connect());
    (void)listener_->read();
  }
  const UniqueFd fd = connect();
  send(fd, test::framed(notify(".")));
  EXPECT_TRUE(answer_to(fd));
  EXPECT_EQ(changed_, std::vector<std::string>{"."});
}

}  // namespace
}  // namespace imrs::pipeline
