#include <gmock/gmock.h>

#include "live_server.h"

namespace imrs::web {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Connections : public LiveServer {
 protected:
  void start_healthy(const Limits& limits = {}) {
    const Snapshot snapshot = healthy();
    start(limits, &snapshot);
  }
  // What comes back for these octets until the server closes.
  std::string exchange(std::string_view bytes) {
    Client client(noc_.port);
    client.send(bytes);
    return client.read_to_end().value_or("not closed");
  }
};

TEST_F(Connections, RefusesWhatIsNotAPlainRequest) {
  start_healthy();
  const std::string host = "Host: x\r\n";
  const struct {
    const char* description;
    std::string request;
    const char* want;
  } cases[] = {
      {"header of 9 KiB", "GET / HTTP/1.1\r\n" + host + "X: " + std::string(9000, 'a') + "\r\n\r\n", "431"},
      {"header without end", "GET / HTTP/1.1\r\nX: " + std::string(200'000, 'a'), "431"},
      {"request line of 9 KiB", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n", "431"},
      {"body with a length", "GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", "413"},
      {"body announced, not sent", "GET / HTTP/1.1\r\n" + host + "Content-Length: 99999999999\r\n\r\n",
       "413"},
      {"chunked body", "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "413"},
      {"POST with a body", "POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx", "405"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", "400"},
      {"two Hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", "400"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), "400"},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
      {"bad length", "GET / HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", "400"},
      {"length and chunked",
       "GET / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {"space before colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(exchange(c.request),
                AllOf(StartsWith("HTTP/1.1 " + std::string(c.want)), HasSubstr("Connection: close")))
        << c.description;
  }
}

TEST_F(Connections, OtherMethodsAreNotAllowed) {
  start_healthy();
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"}) {
    Client client(noc_.port);
    client.send(method + " / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_reply(), AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("\r\nAllow: GET, HEAD\r\n")))
        << method;
  }
}

TEST_F(Connections, HeadHasTheHeaderAndNoBody) {
  start_healthy();
  Client client(noc_.port);
  client.send("HEAD /api/bgp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string reply = client.read_to_end().value_or("");
  EXPECT_THAT(reply, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("application/json"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(reply, Not(HasSubstr("Content-Length: 0\r\n")));
}

TEST_F(Connections, EveryReplyHasTheSecurityHeaders) {
  start_healthy();
  for (const char* target : {"/", "/api/bgp", "/assets/style.css", "/nothing"}) {
    EXPECT_THAT(get(noc_.port, target),
                AllOf(HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self'; style-src "
                                "'self'; connect-src 'self'; img-src data:;"),
                      HasSubstr("X-Frame-Options: DENY"), HasSubstr("X-Content-Type-Options: nosniff"),
                      HasSubstr("Referrer-Policy: no-referrer"), HasSubstr("Cache-Control: no-store")))
        << target;
  }
}

TEST_F(Connections, SeveralRequestsOnOneConnection) {
  start_healthy();
  Client client(noc_.port);
  const std::string request = "GET /assets/style.css HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(request + request + request);  // pipelined
  for (int i = 0; i < 3; ++i) EXPECT_THAT(client.read_reply(), StartsWith("HTTP/1.1 200")) << i;
  client.send("GET / HTTP/1.0\r\n\r\n");  // HTTP/1.0 closes
  EXPECT_THAT(client.read_to_end().value_or("not closed"), StartsWith("HTTP/1.0 200"));
}

TEST_F(Connections, ASlowRequestIsDropped) {
  start_healthy({.request = std::chrono::milliseconds(150)});
  for (const char* start : {"", "G", "GET / HTTP/1.1\r\nHost: x\r\n"}) {
    Client client(noc_.port);
    client.send(start);
    EXPECT_EQ(client.read_to_end(), "") << start;
  }
}

TEST_F(Connections, AnIdleConnectionIsClosed) {
  start_healthy({.idle = std::chrono::milliseconds(150)});
  Client client(noc_.port);
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_to_end().value_or("not closed"), StartsWith("HTTP/1.1 200"));
}

TEST_F(Connections, AClientThatDoesNotReadIsDropped) {
  start_healthy({.connections = 1, .send = std::chrono::milliseconds(150)});
  Client client(ops_.port);
  std::string requests;
  for (int i = 0; i < 4000; ++i) requests += "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  std::thread sender([&] { client.send(requests); });  // until the server has had enough
  std::string reply;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  do {
    reply = get(ops_.port, "/");
  } while (reply.empty() && std::chrono::steady_clock::now() < deadline);
  sender.join();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200")) << "its place is free again";
}

}  // namespace
}  // namespace imrs::web
