// Replaces operator new by one that counts, for the whole test program. In a file of its own: where the
// compiler sees both sides of an inlined new and delete, it takes them for a mismatch.
#include "tests/dns/answer/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> g_allocations{0};

}  // namespace

void* operator new(std::size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size > 0 ? size : 1);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace imrs::test {

std::size_t allocations() noexcept { return g_allocations.load(std::memory_order_relaxed); }

}  // namespace imrs::test
