// tests/support/root_sized.h
// A root zone of the real one's size and answer sizes, and queries for it by class.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace imrs::test {

// Zone text and the delegations in it.
struct RootZone {
  std::string text;
  std::vector<std::string> with_ds, without_ds;  // owner names, absolute
};

// Delegations t0000. to t1449., one in 14 without DS, signatures of 256 octets that no key has made.
[[nodiscard]] RootZone make_root_zone();

// One record a line. Ends the program with a message if the file cannot be read or lacks either kind of
// delegation.
[[nodiscard]] RootZone read_root_zone(const std::string& path);

using Query = std::vector<std::uint8_t>;

struct QueryClass {
  const char* name;
  int share;  // percent of the mix, by what L-root reported; 0: not part of it
  std::uint16_t rcode;
  std::vector<Query> queries;
};

// The classes, each with as many different queries as keep them out of a first-level cache.
[[nodiscard]] std::vector<QueryClass> query_classes(const RootZone& zone);

// 10,000 queries in the classes' shares, in random order; the same each time.
[[nodiscard]] std::vector<Query> mix_of(const std::vector<QueryClass>& classes);

}  // namespace imrs::test
