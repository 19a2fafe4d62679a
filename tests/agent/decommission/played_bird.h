// tests/agent/decommission/played_bird.h
// Something that listens like BIRD and answers what it was told to.
#pragma once

#include <map>
#include <string>
#include <thread>

#include "agent/base/unique_fd.h"

namespace imrs::decommission {

class PlayedBird {
 public:
  // `replies`: by command, with their newlines; another command is answered with a syntax error. One
  // connection after the other, until the object goes.
  PlayedBird(std::string path, std::map<std::string, std::string> replies);
  ~PlayedBird();
  PlayedBird(const PlayedBird&) = delete;
  PlayedBird& operator=(const PlayedBird&) = delete;

 private:
  void serve();

  std::string path_;
  std::map<std::string, std::string> replies_;
  UniqueFd listener_;
  std::thread thread_;
};

}  // namespace imrs::decommission
