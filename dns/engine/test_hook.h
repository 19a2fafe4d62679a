// dns/engine/test_hook.h
// In a build for tests (IMRS_TEST_HOOKS) one question kills the worker that reads it, so that the drill of a
// query of death has one. In what is shipped there is nothing here.
#pragma once

#include <cstdint>
#include <span>

#ifdef IMRS_TEST_HOOKS
#include <cstdlib>
#include <string_view>
#endif

namespace imrs::engine {

inline void test_hook([[maybe_unused]] std::span<const std::uint8_t> query) noexcept {
#ifdef IMRS_TEST_HOOKS
  const std::string_view text(reinterpret_cast<const char*>(query.data()), query.size());
  if (text.find("kill-the-worker") != std::string_view::npos) std::abort();
#endif
}

}  // namespace imrs::engine
