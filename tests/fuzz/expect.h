// tests/fuzz/expect.h
// An invariant of a harness: ends the program, naming itself, when it does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace imrs::fuzz {

inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace imrs::fuzz
