// dns/engine/engine.h
// The workers and their threads: started once with all their sockets, then given one image after the
// other. Used by both ways to run imrs-engine.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "agent/base/result.h"
#include "dns/engine/image_slot.h"
#include "dns/engine/rate_limiter.h"
#include "dns/engine/worker.h"

namespace imrs::engine {

// Every socket has a worker that reads it, and every worker has sockets: with SO_REUSEPORT a socket
// that nobody reads swallows its share of the queries. Refused otherwise, naming the first such socket
// or worker. Pure.
[[nodiscard]] Result<void> check_workers(std::span<const SocketRole> roles, std::uint32_t workers);

struct EngineOptions {
  answer::Identity identity;
  TcpLimits tcp;
  std::uint32_t rate_limit = 0;  // RateLimiter's per_second; 0: no limit
  HashKey rate_key{};            // of what is limited: responses, and connections of a client
  counts::SketchKey source_key{};
};

class Engine {
 public:
  // As many workers as `pages` are for, writable; they must outlive the engine.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start(std::vector<WorkerSocket> sockets,
                                                             const counts::Pages& pages,
                                                             EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Publishes the image and waits until every worker answers from it; then the one before is released.
  // Errc::Timeout if a worker has not moved within `limit`: until it does, some workers answer from the
  // image before, which stays valid, and some from this one. Such an engine should be replaced.
  [[nodiscard]] Result<void> serve(std::shared_ptr<const image::Image> image, std::uint64_t generation,
                                   std::chrono::milliseconds limit);

  // Cookies, denied questions and expired zones (answer::Context::expired), for all answers from the next
  // batch on. Before the first image they are only noted. What it replaces is kept until the next image: some
  // 500 octets for each call.
  void set(const answer::CookieSecrets& cookies, const DeniedQuestions& denied, std::uint32_t expired);

 private:
  struct Held {
    std::shared_ptr<const image::Image> image;
    std::shared_ptr<const NamePlaces> names;
    Published published;
  };

  Engine(const counts::Pages& pages, EngineOptions options);
  void publish(std::shared_ptr<const image::Image> image, std::shared_ptr<const NamePlaces> names,
               std::uint64_t generation);
  [[nodiscard]] bool all_serve(std::uint64_t generation) const noexcept;

  std::span<WorkerPage> pages_;
  std::span<counts::WorkerTables> tables_;
  NameRegistry registry_;
  EngineOptions options_;
  std::unique_ptr<RateLimiter> limiter_;  // null: no limit
  answer::CookieSecrets cookies_;
  DeniedQuestions denied_;
  std::uint32_t expired_ = 0;
  ImageSlot slot_;
  std::vector<std::unique_ptr<Held>> held_;  // the last one is published
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace imrs::engine
