// dns/engine/image_slot.h
// The image all workers answer from, published by the control thread and picked up by each worker
// between two batches: one atomic load, no lock. The control thread keeps an image alive until every
// worker has reported a later generation in its page.
#pragma once

#include <atomic>
#include <cstdint>

#include "dns/image/image.h"

namespace imrs::engine {

struct Published {
  const image::Image* image = nullptr;
  std::uint64_t generation = 0;
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
