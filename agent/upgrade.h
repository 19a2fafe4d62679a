// agent/upgrade.h
// One agent becomes another in place: the same process, by execve(2), with its device, sockets, launcher
// and engine. The new program first proves, in a process of its own and with the very state, that it can
// take over; one that cannot changes nothing.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/base/unique_fd.h"
#include "agent/config/config.h"
#include "agent/hand_over.h"
#include "agent/startup.h"

namespace imrs::agent {

inline constexpr std::chrono::seconds kSelfTestLimit{5};

// How the next program is called.
struct NextProgram {
  std::string path;         // absolute; a program, no script
  std::string config_file;  // it reads it anew
  std::vector<std::string> environment;
};

// How a self-test ends that could run, but could not go on from this state.
inline constexpr int kNeedsRestart = 3;

// Runs the program with --self-test on the state. Errc::Refused: it did not pass; its words are in the log.
// One that has not ended within the limit is killed, and its end is not waited for.
[[nodiscard]] boost::asio::awaitable<Result<void>> self_test(
    boost::asio::any_io_executor executor, NextProgram next, HandedOver state,
    std::chrono::milliseconds limit = kSelfTestLimit);

// What somebody has to know of one that does not end; empty: nothing. No other is run meanwhile, for each
// holds the device.
[[nodiscard]] std::string self_test_alarm();

// Becomes the program. Returns only when that failed, and then nothing has changed.
[[nodiscard]] Error become_next(const NextProgram& next, const HandedOver& state);

// The other side: what prepare() gives, from what was handed over (`memfd`). The launcher, the device and the
// sockets are those of the agent before. Errc::Refused: this configuration needs a restart.
struct TakenOver {
  HandedOver state;
  Prepared prepared;
  SharedImage image;
};
[[nodiscard]] Result<TakenOver> take_over(const Config& config, int memfd);

}  // namespace imrs::agent
