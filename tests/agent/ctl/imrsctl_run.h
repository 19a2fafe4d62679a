// tests/agent/ctl/imrsctl_run.h
// The program imrsctl as it is called, and something that answers as the agent would.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/unique_fd.h"

namespace imrs::ctl {

struct Ran {
  int status = -1;  // exit status, or -1: a signal has ended it
  std::string out, err;
};

// Runs it to its end. `environment`: all that it has. `user`: a uid to take first, which only root can; 0:
// ours.
[[nodiscard]] Ran run_imrsctl(const std::vector<std::string>& words, const std::string& input = "",
                              const std::map<std::string, std::string>& environment = {}, unsigned user = 0);

// Each connection: a line in, a line out, and it ends.
class AnsweringAgent {
 public:
  using Answer = std::function<std::string(const std::string& request)>;  // in a thread of its own
  AnsweringAgent(std::string socket, Answer answer);
  ~AnsweringAgent();
  AnsweringAgent(const AnsweringAgent&) = delete;
  AnsweringAgent& operator=(const AnsweringAgent&) = delete;

  // What it was asked, without "history" and "status".
  [[nodiscard]] std::vector<std::string> orders() const;

 private:
  void serve();

  std::string socket_;
  Answer answer_;
  UniqueFd listener_;
  mutable std::mutex mutex_;
  std::vector<std::string> orders_;
  std::thread thread_;
};

// Of an agent whose upgrades and orders go well, or do not.
[[nodiscard]] AnsweringAgent::Answer obedient();
[[nodiscard]] AnsweringAgent::Answer unable();

}  // namespace imrs::ctl
