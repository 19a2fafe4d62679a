// tests/dns/answer/allocations.h
// How often this test program has called operator new since it started.
#pragma once

#include <cstddef>

namespace imrs::test {

[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace imrs::test
