// tests/bgp/fake_bird.h
// A BIRD that misbehaves on request: its control socket, on the test's own event loop. Speaks the part
// of the language the speaker uses, in the words of tests/golden/bird.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace imrs::bgp::test {

struct FakeSession {
  std::string state = "Established";
  std::string last_error, message;
  bool wedged = false;  // goes on exporting what is disabled
};

class FakeBird {
 public:
  FakeBird(boost::asio::io_context& io, std::string path);
  ~FakeBird();

  void start();      // listens
  void stop();       // closes everything, as a killed BIRD
  void configure();  // puts all protocols back to disabled

  std::map<std::string, bool> enabled;  // the static protocols
  std::map<std::string, FakeSession> sessions{{"host4", {}}, {"host6", {}}};
  std::vector<std::string> commands;  // all that came, on all connections
  int connections = 0;
  std::function<void(const std::string& command)> on_command;  // before it is done

  // Faults
  bool greets = true;
  std::string greeting = "0001 BIRD 2.0.12 ready.\n";
  bool mute = false;                  // takes commands, does nothing, says nothing
  bool restricted = false;            // 8007 to enable and disable
  bool trickles = false;              // one octet at a time
  std::optional<std::size_t> cut;     // after that many octets of the next reply: end of file
  std::string noise;                  // before every reply
  int pipelined = 0;                  // commands that came before the one before them was answered
  std::set<std::string> hidden;       // sessions that only the table of all protocols shows
  std::set<std::string> secretive;    // sessions whose exports it does not tell
  std::set<std::string> unexported;   // prefixes that its export filter rejects
  std::set<std::string> stuck;        // acknowledged, and nothing happens
  std::set<std::string> overflowing;  // protocols whose row is too long for it
  std::set<std::string> unlisted;     // protocols that no table shows

  [[nodiscard]] int count(const std::string& command) const;
  [[nodiscard]] bool none_enabled() const;

 private:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Acceptor = boost::asio::local::stream_protocol::acceptor;

  boost::asio::awaitable<void> accept(std::shared_ptr<Acceptor> acceptor);
  boost::asio::awaitable<void> serve(std::shared_ptr<Socket> socket);
  boost::asio::awaitable<bool> write(std::shared_ptr<Socket> socket, std::string text);
  std::string answer(const std::string& command);
  std::string set_enabled(const std::string& name, bool enable);
  std::string protocols() const;
  std::string details(const std::string& name) const;
  std::string exported(const std::string& name) const;

  boost::asio::io_context& io_;
  std::string path_;
  std::shared_ptr<Acceptor> acceptor_;
  std::vector<std::shared_ptr<Socket>> open_;
};

}  // namespace imrs::bgp::test
