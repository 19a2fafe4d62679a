// dns/engine/image_slot.h
// What all workers answer from, published by the control thread and picked up by each worker between two
// batches: one atomic load, no lock. The control thread keeps an image alive until every worker has reported
// a later generation in its page.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dns/answer/cookies.h"
#include "dns/engine/name_registry.h"
#include "dns/image/image.h"

namespace imrs::engine {

// Questions that have killed an engine twice, by question_hash().
struct DeniedQuestions {
  static constexpr std::size_t kMax = 16;
  std::array<std::uint64_t, kMax> hashes{};
  std::size_t count = 0;

  [[nodiscard]] bool holds(std::uint64_t hash) const noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      if (hashes[i] == hash) return true;
    }
    return false;
  }
};

struct Published {
  const image::Image* image = nullptr;
  std::uint64_t generation = 0;
  answer::CookieSecrets cookies;
  DeniedQuestions denied;
  std::uint32_t expired = 0;  // answer::Context::expired
  const NamePlaces* names = nullptr;
};

class ImageSlot {
 public:
  // `published` must stay valid until all workers have moved on.
  void publish(const Published* published) noexcept { current_.store(published, std::memory_order_release); }
  [[nodiscard]] const Published* get() const noexcept { return current_.load(std::memory_order_acquire); }

 private:
  std::atomic<const Published*> current_{nullptr};
};

}  // namespace imrs::engine
