// agent/remote/run_program.h
// Another program, by its words, without a shell.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace imrs::remote {

struct RunSettings {
  bool input = false;                // it has our standard input; else an empty one
  bool outlives = false;             // it goes on though nobody reads what it prints any more
  std::chrono::seconds limit{7200};  // it is ended after that (SIGALRM)
};

// Runs `path` with these words (the first is the name it is called by) and waits for its end. Standard output
// and error are ours; of the environment only PATH and LANG, both fixed. Returns its exit status, or 128 and
// the signal that ended it. The error is that it could not be started. Call it while there is one thread.
[[nodiscard]] Result<int> run_program(const std::string& path, const std::vector<std::string>& words,
                                      const RunSettings& settings);

}  // namespace imrs::remote
