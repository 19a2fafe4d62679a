// tests/agent/rssac002/days.h
// Days of RSSAC002 for the tests.
#pragma once

#include <cstdint>
#include <string>

#include "agent/rssac002/day.h"

namespace imrs::test {

// Days since 1970.
[[nodiscard]] std::int64_t day_number(int year, unsigned month, unsigned day);

// A sketch of the sources first to end - 1, all by one key.
[[nodiscard]] counts::Sketch sketch_of(std::uint64_t first, std::uint64_t end);

[[nodiscard]] rssac002::Volume& volume(rssac002::Day& day, Transport transport, Family family);

// L-root's 2022-06-01 without anything counted.
[[nodiscard]] rssac002::Day empty_day(const std::string& instance);

// The same with something in every member, another number everywhere, each times `factor`; sources
// first_source to first_source + 99 and so on.
[[nodiscard]] rssac002::Day full_day(const std::string& instance, std::uint64_t factor = 1,
                                     std::uint64_t first_source = 0);

}  // namespace imrs::test
