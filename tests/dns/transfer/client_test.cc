// The client against real sockets: a live NSD on the loopback, and primaries that hang, close or lie.
#include "dns/transfer/client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "dns/wire/protocol.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/transfer/messages.h"
#include "tests/dns/transfer/nsd.h"

namespace imrs::transfer {
namespace {

using namespace std::chrono_literals;
using test::name;
using testing::HasSubstr;

// A listening socket on the loopback that hands its first connection to `serve`.
class FakePrimary {
 public:
  explicit FakePrimary(std::function<void(int)> serve) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_.get(), 1) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    primary_ = {"127.0.0.1", ntohs(address.sin_port)};
    thread_ = std::jthread([this, serve = std::move(serve)] {
      pollfd watch{listener_.get(), POLLIN, 0};
      if (::poll(&watch, 1, 10000) != 1) return;
      const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      serve(connection.get());
    });
  }
  [[nodiscard]] const Primary& primary() const { return primary_; }

 private:
  UniqueFd listener_;
  Primary primary_;
  std::jthread thread_;
};

// Waits until the other side has closed.
void until_closed(int fd) {
  char octet = 0;
  pollfd watch{fd, POLLIN, 0};
  while (::poll(&watch, 1, 10000) == 1 && ::recv(fd, &octet, 1, 0) > 0) {
  }
}

constexpr Limits kShort{.connect = 1s, .answer = 200ms, .transfer = 200ms};

TEST(Client, GivesUpOnASilentPrimary) {
  const FakePrimary silent(until_closed);
  auto client = Client::connect(silent.primary(), "127.0.0.1", kShort);
  ASSERT_TRUE(client.ok()) << client.error().message;
  auto serial = client->soa_serial(name("example."));
  ASSERT_FALSE(serial.ok());
  EXPECT_EQ(serial.error().code, Errc::Timeout);
  auto zone = client->axfr(name("example."));
  ASSERT_FALSE(zone.ok());
  EXPECT_EQ(zone.error().code, Errc::Timeout);
}

TEST(Client, GivesUpOnAPrimaryThatDrips) {
  // One octet at a time keeps every single wait short; the total is what counts.
  const FakePrimary dripping([](int fd) {
    const std::uint8_t octet = 0xff;
    for (int i = 0; i < 200; ++i) {
      pollfd watch{fd, POLLRDHUP, 0};
      if (::poll(&watch, 1, 20) == 1) return;
      if (::send(fd, &octet, 1, MSG_NOSIGNAL) != 1) return;
    }
  });
  auto client = Client::connect(dripping.primary(), "", kShort);
  ASSERT_TRUE(client.ok());
  const auto start = std::chrono::steady_clock::now();
  auto zone = client->axfr(name("example."));
  ASSERT_FALSE(zone.ok());
  EXPECT_EQ(zone.error().code, Errc::Timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

TEST(Client, SaysWhenThePrimaryCloses) {
  const FakePrimary closing([](int) {});
  auto client = Client::connect(closing.primary(), "", {});
  ASSERT_TRUE(client.ok());
  auto zone = client->axfr(name("example."));
  ASSERT_FALSE(zone.ok());
  EXPECT_THAT(zone.error().message,
              testing::AnyOf(HasSubstr("ended before the last SOA"), HasSubstr("reset"), HasSubstr("pipe")));
}

struct BadPeer {
  const char* description;
  Primary primary;
  const char* source;
  const char* want;
};

TEST(Client, SaysWhyItCannotConnect) {
  std::uint16_t unused = 0;
  {
    const FakePrimary gone([](int) {});
    unused = gone.primary().port;
    (void)Client::connect(gone.primary(), "", {}).ok();  // lets its thread end
  }
  const BadPeer cases[] = {
      {"nobody listens", {"127.0.0.1", unused}, "", "connect: Connection refused"},
      {"not an address", {"primary.example", 53}, "", "is not an address"},
      {"management of another family", {"127.0.0.1", 53}, "::1", "address family"},
      {"management not of this machine",
       {"127.0.0.1", 53},
       "192.0.2.1",
       "bind to the management address 192.0.2.1"},
  };
  for (const BadPeer& bad : cases) {
    SCOPED_TRACE(bad.description);
    auto client = Client::connect(bad.primary, bad.source, {});
    ASSERT_FALSE(client.ok());
    EXPECT_THAT(client.error().message, HasSubstr(bad.want));
  }
}

// Many messages, of which NSD signs some: the digests run on from one to the next.
TEST(Client, TransfersSignedFromALiveNsd) {
  if (!test::Nsd::installed()) GTEST_SKIP() << "SKIPPED: nsd is not installed";
  std::string text = test::read_text(test::golden_path("root.zone"));
  for (int i = 0; i < 6000; ++i)
    text += "d" + std::to_string(i) + ". 86400 IN NS ns.d" + std::to_string(i) + ".\n";
  const test::TempDir dir;
  constexpr const char* kSecret = "MTIzNDU2Nzg5MDEyMzQ1Ng==";
  for (const char* algorithm : {"hmac-sha256", "hmac-sha384", "hmac-sha512"}) {
    const test::Nsd nsd(dir.write("large.zone", text), {"lab.", algorithm, kSecret});
    Primary primary{"127.0.0.1", nsd.port()};
    ASSERT_TRUE(nsd.wait_until_serving()) << nsd.log();
    const auto transfer = [&] {
      auto client = Client::connect(primary, "", {});
      return client ? client->axfr(wire::Name()) : Result<zone::Zone>(client.error());
    };
    EXPECT_FALSE(transfer().ok()) << "without a key";
    primary.key = make_tsig_key("lab.", algorithm, kSecret).value();
    const auto zone = transfer();
    ASSERT_TRUE(zone.ok()) << zone.error().message << nsd.log();
    EXPECT_GT(zone->nodes.size(), 6000U);
    primary.key = make_tsig_key("lab.", algorithm, "MTIzNDU2Nzg5MDEyMzQ1Nw==").value();
    const auto refused = transfer();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::Refused);
    EXPECT_THAT(refused.error().message, HasSubstr("BADSIG")) << "another secret";
  }
}

TEST(Client, TransfersFromALiveNsd) {
  if (!test::Nsd::installed()) GTEST_SKIP() << "SKIPPED: nsd is not installed";
  test::Nsd nsd(test::golden_path("root.zone"));
  ASSERT_TRUE(nsd.wait_until_serving()) << nsd.log();
  auto client = Client::connect({"127.0.0.1", nsd.port()}, "127.0.0.1", {});
  ASSERT_TRUE(client.ok()) << client.error().message;
  auto serial = client->soa_serial(wire::Name());
  ASSERT_TRUE(serial.ok()) << serial.error().message;
  EXPECT_EQ(*serial, 2026010100U);
  auto zone = client->axfr(wire::Name());  // on the same connection
  ASSERT_TRUE(zone.ok()) << zone.error().message;
  auto anchors = zone::load_trust_anchors(test::golden_path("root.ds"));
  ASSERT_TRUE(anchors.ok());
  auto verified = zone::verify(std::move(*zone), *anchors, {}, 1764072000);
  ASSERT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_TRUE(verified->zonemd_verified()) << "not one record was lost or changed on the way";

  auto other = Client::connect({"127.0.0.1", nsd.port()}, "", {});
  ASSERT_TRUE(other.ok());
  auto refused = other->axfr(name("elsewhere.test."));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Errc::Unavailable);
}

TEST(Client, GetsDifferencesFromALiveNsd) {
  if (!test::Nsd::installed()) GTEST_SKIP() << "SKIPPED: nsd is not installed";
  test::Nsd nsd(test::golden_path("root.zone"));
  ASSERT_TRUE(nsd.wait_until_serving()) << nsd.log();
  const auto ixfr = [&](const std::vector<std::uint8_t>& soa) {
    auto client = Client::connect({"127.0.0.1", nsd.port()}, "", {});
    return client ? client->ixfr(wire::Name(), soa) : Result<IxfrResponse>(client.error());
  };
  const auto soa_of = [](const zone::Zone& zone) {
    return zone.nodes.at(wire::Name()).at(wire::rrtype::SOA).rdata.front();
  };
  auto first = zone::parse_file(test::golden_path("root.zone"), wire::Name());
  auto second = zone::parse_file(test::golden_path("root-next.zone"), wire::Name());
  ASSERT_TRUE(first.ok() && second.ok());
  auto nothing_new = ixfr(soa_of(*first));
  ASSERT_TRUE(nothing_new.ok()) << nothing_new.error().message;
  EXPECT_TRUE(std::holds_alternative<UpToDate>(*nothing_new));

  nsd.set_zone(test::read_text(test::golden_path("root-next.zone")));
  nsd.reload();
  ASSERT_TRUE(nsd.wait_until_serving(*soa_serial(soa_of(*second)))) << nsd.log();
  auto response = ixfr(soa_of(*first));
  ASSERT_TRUE(response.ok()) << response.error().message << nsd.log();
  ASSERT_TRUE(std::holds_alternative<Differences>(*response));
  auto next = zone::apply_changes(*first, std::get<Differences>(*response));
  if (!next) {
    // NSD 4.6 adds unchanged records of a changed name again. That is refused, and costs an AXFR.
    EXPECT_THAT(next.error().message, HasSubstr("is there already"));
    return;
  }
  auto anchors = zone::load_trust_anchors(test::golden_path("root.ds"));
  ASSERT_TRUE(anchors.ok());
  auto verified = zone::verify(std::move(*next), *anchors, {}, 1764072000);
  ASSERT_TRUE(verified.ok()) << verified.error().message;
  EXPECT_TRUE(verified->zonemd_verified()) << "the differences make exactly the next version";
}

}  // namespace
}  // namespace imrs::transfer
