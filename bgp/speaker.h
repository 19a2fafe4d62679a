// bgp/speaker.h
// Makes BIRD export what it should, and nothing else, over one kept-open control socket. It is told the
// wanted set, never "enable" or "disable", and reconciles: what BIRD really does is asked again and again,
// and put right when it differs (BIRD restarted, `configure`, somebody's birdc). Runs on the agent's
// loop; one thread; never blocks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/announcement.h"

namespace imrs::bgp {

// One BGP session as BIRD describes it (`show protocols all`, `show route export`).
struct SessionObserved {
  std::string name;                   // BIRD's protocol name
  std::string state = "unknown";      // "Established", "Idle", ...; "unknown" while BIRD cannot be asked
  std::string since;                  // as BIRD prints it
  std::string last_error;             // BIRD's words; empty if none
  std::string message;                // RFC 9003 text from the peer; empty if none
  std::vector<std::string> exported;  // prefixes exported to it now
  bool operator==(const SessionObserved&) const = default;
};

struct Observed {
  bool connected = false;
  std::string error;                      // why not connected, or what BIRD refused; empty when all is well
  std::vector<SessionObserved> sessions;  // one per Settings::sessions, in that order
  bool operator==(const Observed&) const = default;
};

class Speaker {
 public:
  struct Settings {
    std::string control_socket;
    std::vector<std::string> sessions;              // BIRD protocol names of the neighbours
    std::vector<RoutedPrefix> prefixes;             // what can be announced to them
    std::chrono::milliseconds reply_limit{500};     // greeting and every reply
    std::chrono::milliseconds withdraw_limit{500};  // from announce() to BIRD's confirmation
    std::chrono::milliseconds kill_limit{1000};     // the same, until BIRD itself has to go
    std::chrono::milliseconds mute_limit{3000};     // without any word from a BIRD that is there
    std::chrono::milliseconds look_interval{250};   // between two looks at BIRD's protocols
    std::chrono::milliseconds reconnect_delay{100};
  };
  struct Hooks {
    // Once: BIRD has answered, and has acknowledged that all our protocols are disabled. Only now may
    // the device be made.
    std::function<void()> disabled;
    // BIRD has not confirmed a withdrawal within the limit (or is not there to ask): the device must go
    // down. Once per withdrawal. Then, when it has confirmed at last: it may come up again. The same goes
    // for what is found announced and was never wanted.
    std::function<void(std::string_view why)> withdrawal_late;
    std::function<void()> withdrawal_confirmed;
    // BIRD still announces, or is mute, at kill_limit; or is mute at mute_limit: it has to be killed, which
    // withdraws. `pidfd`: the process that listens at the control socket; -1 if it was never reached. Once
    // for each time that it was reached.
    std::function<void(int pidfd, std::string_view why)> kill_bird;
    // A session or the connection has changed: show it.
    std::function<void()> changed;
    // One line for the log per change: connection, session state, what was enabled and disabled.
    std::function<void(const std::string& line)> note;
  };

  // The hooks are called from within run() and announce(); they may call announce().
  Speaker(boost::asio::any_io_executor executor, Settings settings, Hooks hooks);
  ~Speaker();  // no hook is called any more, and a run() still there ends
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  // Before run(): that is announced already, by an agent that this one has taken over from. It is left as it
  // is, and Hooks::disabled is never called.
  void adopt(const AnnouncedSet& announced);

  // Until cancelled. Connects, reconnects, looks, puts right. Before the first announce() nothing is
  // wanted. Call once.
  boost::asio::awaitable<void> run();

  // What is wanted from now on. Takes effect at once (a look in progress is finished first); safe to
  // repeat.
  void announce(const AnnouncedSet& wanted);

  // BIRD has confirmed (reply, `show protocols`, nothing exported that is not wanted) everything that is
  // wanted now.
  [[nodiscard]] bool settled() const noexcept;

  // A withdrawal waits for BIRD's confirmation, with its limits running: nobody else would keep them.
  [[nodiscard]] bool withdrawing() const noexcept;

  // Waits until settled() or `limit`; returns settled().
  boost::asio::awaitable<bool> wait_settled(std::chrono::milliseconds limit);

  [[nodiscard]] const Observed& observed() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with run() and wait_settled()
};

}  // namespace imrs::bgp
