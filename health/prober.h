// health/prober.h
// Asks one target the same way a resolver would, over and over, and says what it saw. A target is
// one service address, transport and worker: the question carries a firewall mark (SO_MARK) that
// steers it to that worker's private socket, which nothing from outside can reach. Runs on the
// agent's loop; one thread. Needs CAP_NET_ADMIN for the mark.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>

#include "agent/base/family.h"
#include "health/evidence.h"
#include "health/expectations.h"

namespace imrs::health {

struct Target {
  Family family = Family::V4;
  Transport transport = Transport::Udp;
  std::string address;
  std::uint16_t port = 53;
  std::uint32_t service = 0;  // index of the address
  std::uint32_t worker = 0;
  std::uint32_t mark = 0;  // steers to that worker's private socket
  std::size_t index = 0;   // within its family, as the decision counts

  [[nodiscard]] std::string text() const;  // "udp 199.7.83.42 worker 0"
};

struct Timing {
  std::chrono::milliseconds interval{100};  // between the starts of two questions
  std::chrono::milliseconds timeout{200};   // of one question
};

struct Hooks {
  std::function<Pressure(const Target&)> pressure;
  std::function<void(const Target&, Evidence, const std::string& detail)> report;
};

class Prober {
 public:
  // `expectations` and what the hooks refer to must outlive run().
  Prober(Target target, Timing timing, Expectations& expectations, Hooks hooks);

  // Until cancelled. Waits while there is no image yet.
  boost::asio::awaitable<void> run();

 private:
  struct Seen {
    Outcome outcome = Outcome::NotAsked;
    std::string detail;
  };
  boost::asio::awaitable<void> ask_once();
  boost::asio::awaitable<Seen> exchange(const image::ProbeQuestion& question, std::uint16_t id);

  Target target_;
  Timing timing_;
  Expectations& expectations_;
  Hooks hooks_;
  Judge judge_;
  std::minstd_rand ids_;
  bool deep_ = false;  // the next question; every second one is
};

}  // namespace imrs::health
