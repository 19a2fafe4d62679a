// Who is let in to the ops listener, and what happens when certificates are renewed.
#include "agent/web/tls.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

#include "certificates.h"
#include "tests/support/temp_directory.h"

namespace imrs::web {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t kServerEnd = 1'900'000'000, kCaEnd = 2'000'000'000;

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    put(server_);
    directory_.write("ca.pem", ca_.certificate_pem());
  }
  void put(const Identity& server) {
    directory_.write("server.pem", server.certificate_pem());
    directory_.write("server.key", server.key_pem());
  }
  [[nodiscard]] TlsConfig config() const {
    return {directory_.path("server.pem"), directory_.path("server.key"), directory_.path("ca.pem")};
  }

  test::TempDirectory directory_;
  Identity ca_ = make_ca("clients", kCaEnd);
  Identity server_ca_ = make_ca("servers", kCaEnd);
  Identity server_ = make_identity(server_ca_,
                                   {.name = "ops.example", .usage = "serverAuth", .not_after = kServerEnd});
};

TEST_F(TlsTest, NobodyIsLetInBeforeTheFirstLook) {
  const Tls tls(config());
  EXPECT_EQ(tls.context(), nullptr);
  EXPECT_EQ(tls.server_not_after(), 0);
  EXPECT_EQ(tls.client_ca_not_after(), 0);
}

TEST_F(TlsTest, ReadsItsFilesOnce) {
  Tls tls(config());
  const auto first = tls.look();
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_TRUE(*first);
  ASSERT_NE(tls.context(), nullptr);
  EXPECT_EQ(tls.server_not_after(), kServerEnd);
  EXPECT_EQ(tls.client_ca_not_after(), kCaEnd);
  const auto context = tls.context();
  const auto again = tls.look();
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(*again) << "nothing has changed";
  EXPECT_EQ(tls.context(), context);
}

TEST_F(TlsTest, OfTheCasTheFirstThatEnds) {
  const std::string later = ca_.certificate_pem();
  const std::string sooner = make_ca("sooner", kCaEnd - 1000).certificate_pem();
  for (const std::string& all : {later + sooner, sooner + later}) {
    directory_.write("ca.pem", all);
    Tls tls(config());
    ASSERT_TRUE(tls.look().ok());
    EXPECT_EQ(tls.client_ca_not_after(), kCaEnd - 1000);
  }
}

TEST_F(TlsTest, SaysWhichFileIsWrong) {
  const Identity other = make_identity(server_ca_, {.name = "other", .usage = "serverAuth"});
  const Identity rsa = make_identity(server_ca_, {.name = "rsa", .usage = "serverAuth", .rsa = true});
  const struct {
    const char* description;
    const char* file;     // what is spoilt
    std::string content;  // "": it is missing
    const char* key;      // of the configuration
  } cases[] = {
      {"no certificate", "server.pem", "", "web.tls.certificate"},
      {"a certificate that is none", "server.pem", "garbage\n", "web.tls.certificate"},
      {"half a certificate", "server.pem", server_.certificate_pem().substr(0, 200), "web.tls.certificate"},
      {"a key for a certificate", "server.pem", server_.key_pem(), "web.tls.certificate"},
      {"no key", "server.key", "", "web.tls.key"},
      {"a key that is none", "server.key", std::string(100, '\0'), "web.tls.key"},
      {"a certificate for a key", "server.key", server_.certificate_pem(), "web.tls.key"},
      {"another's key", "server.key", other.key_pem(), "web.tls.key"},
      {"another's key of another kind", "server.key", rsa.key_pem(), "web.tls.key"},
      {"no CA", "ca.pem", "", "web.tls.client_ca"},
      {"a CA that is none", "ca.pem", "-----BEGIN CERTIFICATE-----\n", "web.tls.client_ca"},
      {"a key for a CA", "ca.pem", ca_.key_pem(), "web.tls.client_ca"},
  };
  for (const auto& c : cases) {
    const std::string good = directory_.read(c.file);
    directory_.write(c.file, c.content);
    if (c.content.empty()) std::filesystem::remove(directory_.path(c.file));
    Tls tls(config());
    const auto looked = tls.look();
    ASSERT_FALSE(looked.ok()) << c.description;
    EXPECT_THAT(looked.error().message, AllOf(HasSubstr(c.key), HasSubstr(directory_.path(c.file))))
        << c.description;
    EXPECT_EQ(looked.error().message.find("PRIVATE KEY"), std::string::npos) << c.description;
    EXPECT_EQ(tls.context(), nullptr) << c.description << ": nobody is to be let in";
    const auto again = tls.look();
    EXPECT_TRUE(again.ok() && !*again) << c.description << ": is said once for each change";
    directory_.write(c.file, good);
    const auto mended = tls.look();
    ASSERT_TRUE(mended.ok() && *mended) << c.description << ": is picked up when it is mended";
    EXPECT_NE(tls.context(), nullptr) << c.description;
  }
}

TEST_F(TlsTest, AnEmptyFileIsWrong) {
  for (const char* file : {"server.pem", "server.key", "ca.pem"}) {
    const std::string good = directory_.read(file);
    directory_.write(file, "");
    Tls tls(config());
    EXPECT_FALSE(tls.look().ok()) << file;
    directory_.write(file, good);
  }
}

TEST_F(TlsTest, PicksUpWhatIsRenewed) {
  Tls tls(config());
  ASSERT_TRUE(tls.look().ok());
  const auto before = tls.context();
  put(make_identity(server_ca_, {.name = "renewed", .usage = "serverAuth", .not_after = kServerEnd + 5000}));
  const auto looked = tls.look();
  ASSERT_TRUE(looked.ok()) << looked.error().message;
  EXPECT_TRUE(*looked);
  EXPECT_NE(tls.context(), before);
  EXPECT_EQ(tls.server_not_after(), kServerEnd + 5000);
  directory_.write("ca.pem", make_ca("other clients", kCaEnd + 7000).certificate_pem());
  EXPECT_TRUE(*tls.look());
  EXPECT_EQ(tls.client_ca_not_after(), kCaEnd + 7000);
}

TEST_F(TlsTest, KeepsWhatItHasWhenTheNewIsBroken) {
  Tls tls(config());
  ASSERT_TRUE(tls.look().ok());
  const auto before = tls.context();
  // Renewed half-way: the certificate is there, its key is not yet.
  const Identity next = make_identity(server_ca_,
                                      {.name = "next", .usage = "serverAuth", .not_after = kServerEnd + 9});
  directory_.write("server.pem", next.certificate_pem());
  const auto looked = tls.look();
  ASSERT_FALSE(looked.ok());
  EXPECT_THAT(looked.error().message, HasSubstr("web.tls.key"));
  EXPECT_EQ(tls.context(), before);
  EXPECT_EQ(tls.server_not_after(), kServerEnd) << "of the one that is used";
  directory_.write("server.key", next.key_pem());
  EXPECT_TRUE(*tls.look());
  EXPECT_EQ(tls.server_not_after(), kServerEnd + 9);
  std::filesystem::remove(directory_.path("ca.pem"));
  EXPECT_FALSE(tls.look().ok());
  EXPECT_NE(tls.context(), nullptr);
  EXPECT_EQ(tls.client_ca_not_after(), kCaEnd);
}

TEST_F(TlsTest, WhatIsMendedWithoutANewFileIsNoticed) {
  const std::string key = directory_.path("server.key"), hidden = directory_.path("hidden");
  std::filesystem::create_directory(hidden);
  std::filesystem::rename(key, hidden + "/server.key");
  std::filesystem::create_symlink(directory_.path("tls/server.key"), key);
  Tls tls(config());
  EXPECT_THAT(tls.look().error().message, HasSubstr("server.key"));
  const auto again = tls.look();
  ASSERT_TRUE(again) << "said once";
  EXPECT_FALSE(*again);
  EXPECT_EQ(tls.context(), nullptr);
  // The folder is there now; to its files nothing has happened.
  std::filesystem::rename(hidden, directory_.path("tls"));
  EXPECT_TRUE(*tls.look());
  EXPECT_NE(tls.context(), nullptr);
}

TEST_F(TlsTest, AModeThatIsMendedIsAChange) {
  Tls tls(config());
  ASSERT_TRUE(*tls.look());
  EXPECT_FALSE(*tls.look());
  std::filesystem::permissions(directory_.path("server.key"), std::filesystem::perms::owner_read);
  EXPECT_TRUE(*tls.look());
}

TEST_F(TlsTest, ARotationThatWasCutOffLeavesTheOneBefore) {
  const Identity next = make_identity(server_ca_,
                                      {.name = "next", .usage = "serverAuth", .not_after = kServerEnd + 9});
  const struct {
    const char* description;
    std::vector<std::pair<const char*, std::string>> files;
    std::int64_t want;
  } cases[] = {
      {"the key is new",
       {{"server.key.previous", server_.key_pem()}, {"server.key", next.key_pem()}},
       kServerEnd},
      {"the certificate is new",
       {{"server.pem.previous", server_.certificate_pem()}, {"server.pem", next.certificate_pem()}},
       kServerEnd},
      {"the key has gone back",
       {{"server.pem", next.certificate_pem()}, {"server.key.previous", next.key_pem()}},
       kServerEnd + 9},
  };
  for (const auto& c : cases) {
    put(server_);
    for (const auto& [name, content] : c.files) directory_.write(name, content);
    Tls tls(config());
    const auto looked = tls.look();
    ASSERT_TRUE(looked.ok()) << c.description << ": " << looked.error().message;
    EXPECT_TRUE(tls.uses_previous()) << c.description;
    EXPECT_EQ(tls.server_not_after(), c.want) << c.description;
    put(next);
    EXPECT_TRUE(*tls.look()) << c.description;
    EXPECT_FALSE(tls.uses_previous()) << c.description;
    for (const char* name : {"server.key.previous", "server.pem.previous"}) {
      std::filesystem::remove(directory_.path(name));
    }
  }
}

// What came of a handshake, and of an octet sent through it.
struct Meeting {
  boost::system::error_code server, client;
  bool heard = false;
};

// A client with the certificate (null: none) meets the listener.
Meeting meet(Tls& tls, const Identity* identity, int max_version = TLS1_3_VERSION) {
  ssl::context client(ssl::context::tls_client);
  ::SSL_CTX_set_max_proto_version(client.native_handle(), max_version);
  if (identity != nullptr) {
    ::SSL_CTX_use_certificate(client.native_handle(), identity->certificate.get());
    ::SSL_CTX_use_PrivateKey(client.native_handle(), identity->key.get());
  }
  using Socket = asio::local::stream_protocol::socket;
  asio::io_context io;
  ssl::stream<Socket> here(io, *tls.context()), there(io, client);
  asio::local::connect_pair(here.next_layer(), there.next_layer());
  Meeting out;
  std::array<char, 1> said{'x'}, heard{};
  here.async_handshake(ssl::stream_base::server, [&](const boost::system::error_code& error) {
    out.server = error;
    if (error) return here.next_layer().close();
    asio::async_read(here, asio::buffer(heard), [&](const boost::system::error_code& failed, std::size_t) {
      out.heard = !failed && heard == said;
    });
  });
  there.async_handshake(ssl::stream_base::client, [&](const boost::system::error_code& error) {
    out.client = error;
    if (error) return there.next_layer().close();
    asio::async_write(there, asio::buffer(said), [](const boost::system::error_code&, std::size_t) {});
  });
  io.run_for(std::chrono::seconds(10));  // ends as soon as both know
  EXPECT_TRUE(io.stopped()) << "somebody still waits";
  return out;
}

class TlsMeeting : public TlsTest {
 protected:
  TlsMeeting() { EXPECT_TRUE(tls_.look().ok()); }
  Tls tls_{config()};
};

TEST_F(TlsMeeting, TheRightOneIsLetIn) {
  const Identity client = make_identity(ca_, {.name = "operator"});
  const Meeting meeting = meet(tls_, &client);
  EXPECT_FALSE(meeting.server) << meeting.server.message();
  EXPECT_FALSE(meeting.client) << meeting.client.message();
  EXPECT_TRUE(meeting.heard);
  const Identity rsa = make_identity(ca_, {.name = "operator", .rsa = true});
  EXPECT_TRUE(meet(tls_, &rsa).heard);
}

TEST_F(TlsMeeting, OlderVersionsAreRefused) {
  const Identity client = make_identity(ca_, {.name = "operator"});
  for (const int version : {TLS1_2_VERSION, TLS1_1_VERSION, TLS1_VERSION}) {
    const Meeting meeting = meet(tls_, &client, version);
    EXPECT_TRUE(meeting.server) << version;
    EXPECT_TRUE(meeting.client) << version;
    EXPECT_FALSE(meeting.heard) << version;
  }
}

TEST_F(TlsMeeting, WhoShowsNothingIsRefused) {
  const Meeting meeting = meet(tls_, nullptr);
  EXPECT_TRUE(meeting.server);
  EXPECT_FALSE(meeting.heard);
}

TEST_F(TlsMeeting, WhoIsNotOneOfOursIsRefused) {
  const Identity foreign_ca = make_ca("foreign", kCaEnd), namesake_ca = make_ca("clients", kCaEnd);
  const Identity middle = make_identity(ca_, {.name = "middle"});
  const struct {
    const char* description;
    Identity identity;
  } cases[] = {
      {"of a foreign CA", make_identity(foreign_ca, {.name = "operator"})},
      {"of another CA of the same name", make_identity(namesake_ca, {.name = "operator"})},
      {"of the servers' CA", make_identity(server_ca_, {.name = "operator"})},
      {"a CA that signed itself", foreign_ca},
      {"signed by one that is no CA", make_identity(middle, {.name = "operator"})},
      {"for a server", make_identity(ca_, {.name = "operator", .usage = "serverAuth"})},
      {"that has ended", make_identity(ca_, {.name = "operator", .not_after = 1'600'000'000})},
  };
  for (const auto& c : cases) {
    const Meeting meeting = meet(tls_, &c.identity);
    EXPECT_TRUE(meeting.server) << c.description;
    EXPECT_FALSE(meeting.heard) << c.description;
  }
}

TEST_F(TlsMeeting, ACaThatWasTakenAwayLetsNobodyIn) {
  const Identity client = make_identity(ca_, {.name = "operator"});
  ASSERT_TRUE(meet(tls_, &client).heard);
  const Identity next_ca = make_ca("next", kCaEnd);
  directory_.write("ca.pem", next_ca.certificate_pem());
  ASSERT_TRUE(*tls_.look());
  EXPECT_FALSE(meet(tls_, &client).heard);
  const Identity next = make_identity(next_ca, {.name = "operator"});
  EXPECT_TRUE(meet(tls_, &next).heard);
}

// What a failed look leaves in OpenSSL's queue of errors must not be taken for a client's.
TEST_F(TlsMeeting, AFailedLookDisturbsNobody) {
  directory_.write("server.key", "garbage");
  ASSERT_FALSE(tls_.look().ok());
  const Identity client = make_identity(ca_, {.name = "operator"});
  const Meeting meeting = meet(tls_, &client);
  EXPECT_FALSE(meeting.server) << meeting.server.message();
  EXPECT_TRUE(meeting.heard);
}

}  // namespace
}  // namespace imrs::web
