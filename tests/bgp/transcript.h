// tests/bgp/transcript.h
// Reads the recorded conversations in tests/golden/bird (see README there).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bgp/reply.h"

namespace imrs::bgp::test {

[[nodiscard]] std::string golden_path(const std::string& file);
// Names of the transcripts that start with `start`.
[[nodiscard]] std::vector<std::string> golden_files(const std::string& start);
[[nodiscard]] std::string read_file(const std::string& path);

// What BIRD wrote, octet for octet, per connection.
[[nodiscard]] std::map<int, std::string> bird_bytes(const std::string& file);

struct Exchange {
  std::string command;
  Reply reply;
};

// Connection 1, for conversations that were not pipelined; without the greeting.
[[nodiscard]] std::vector<Exchange> exchanges(const std::string& file);

}  // namespace imrs::bgp::test
