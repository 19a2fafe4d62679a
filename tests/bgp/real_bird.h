// tests/bgp/real_bird.h
// The real BIRD, where it is installed, in a network namespace of its own without any way out.
#pragma once

#include <sys/types.h>

#include <string>

#include "agent/config/config.h"

namespace imrs::bgp::test {

// Path of bird; empty if it is not installed.
[[nodiscard]] std::string bird_program();

// What `bird -p` says about a configuration; empty if it accepts it.
[[nodiscard]] std::string bird_complaint(const std::string& config_text, const std::string& directory);

// Two neighbours (MD5, GTSM and BFD for IPv4, plain for IPv6) and the five prefixes.
[[nodiscard]] Config example_config();

class RealBird {
 public:
  // Starts bird in `directory` (bird.conf, bird.ctl, bird.log). The namespace holds "anycast0", up.
  RealBird(const std::string& directory, const std::string& config_text);
  ~RealBird();
  RealBird(const RealBird&) = delete;
  RealBird& operator=(const RealBird&) = delete;

  // False if a namespace or the device cannot be had here.
  [[nodiscard]] bool started() const noexcept { return pid_ > 0; }
  void kill();

 private:
  pid_t pid_ = 0;
};

}  // namespace imrs::bgp::test
