// Starts the workers and swaps images under them. Called from the control thread, which is the process's
// first; the workers never wait for it.
#include "dns/engine/engine.h"

#include <pthread.h>

#include <algorithm>
#include <string>

namespace imrs::engine {
namespace {

constexpr std::chrono::microseconds kLook{100};  // while the workers turn to a new image

// Worker i on core i, as far as there are cores: with RSS the packets of a queue stay on one core.
void pin(std::jthread& thread, std::size_t index) {
  const unsigned cores = std::thread::hardware_concurrency();
  if (cores == 0 || index >= cores) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(index, &set);
  ::pthread_setaffinity_np(thread.native_handle(), sizeof set, &set);
}

}  // namespace

Result<void> check_workers(std::span<const SocketRole> roles, std::uint32_t workers) {
  if (workers == 0) return Error{Errc::Refused, "no workers: at least one is needed"};
  std::vector<bool> busy(workers, false);
  for (const SocketRole& role : roles) {
    if (role.worker >= workers || role.transport > 1 || role.family > 1 || role.service >= kMaxServices) {
      return Error{Errc::Refused, "a socket is meant for worker " + std::to_string(role.worker) +
                                      ", but there are " + std::to_string(workers) +
                                      ": a socket that nobody reads would swallow queries"};
    }
    busy[role.worker] = true;
  }
  const auto idle = std::ranges::find(busy, false);
  if (idle == busy.end()) return {};
  return Error{Errc::Refused, "worker " + std::to_string(idle - busy.begin()) + " has no socket to read"};
}

Engine::Engine(const counts::Pages& pages, EngineOptions options)
    : pages_(pages.workers()),
      tables_(pages.tables()),
      registry_(pages.names()),
      options_(std::move(options)) {
  if (options_.rate_limit == 0) return;
  limiter_ = std::make_unique<RateLimiter>(options_.rate_limit, options_.rate_key);
}

Result<std::unique_ptr<Engine>> Engine::start(std::vector<WorkerSocket> sockets, const counts::Pages& pages,
                                              EngineOptions options) {
  const auto workers = static_cast<std::uint32_t>(pages.workers().size());
  std::vector<SocketRole> roles;
  for (const WorkerSocket& socket : sockets) roles.push_back(socket.role);
  if (auto ok = check_workers(roles, workers); !ok) {
    return ok.error();
  }
  std::unique_ptr<Engine> engine(new Engine(pages, std::move(options)));
  std::vector<std::vector<WorkerSocket>> shares(workers);
  for (WorkerSocket& socket : sockets) shares[socket.role.worker].push_back(std::move(socket));
  for (std::size_t i = 0; i < workers; ++i) {
    WorkerPage& page = engine->pages_[i];
    for (Counter* counter : {&page.generation, &page.tcp_connections, &page.in_hand, &page.fatal}) {
      counter->store(0, std::memory_order_relaxed);
    }
    const WorkerContext context{.page = page,
                                .tables = engine->tables_[i],
                                .identity = engine->options_.identity,
                                .limiter = engine->limiter_.get(),
                                .client_key = engine->options_.rate_key,
                                .source_key = engine->options_.source_key};
    auto worker = Worker::make(std::move(shares[i]), context, engine->slot_, engine->options_.tcp);
    if (!worker) return worker.error();
    engine->workers_.push_back(std::move(*worker));
  }
  for (auto& worker : engine->workers_) {
    engine->threads_.emplace_back([&worker = *worker, &stop = engine->stop_] { worker.run(stop); });
    pin(engine->threads_.back(), engine->threads_.size() - 1);
  }
  return engine;
}

Engine::~Engine() {
  stop_ = true;
  threads_.clear();
}

Result<void> Engine::serve(std::shared_ptr<const image::Image> image, std::uint64_t generation,
                           std::chrono::milliseconds limit) {
  auto names = std::make_shared<const NamePlaces>(registry_.places_of(*image));
  publish(std::move(image), std::move(names), generation);
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!all_serve(generation)) {
    if (std::chrono::steady_clock::now() >= end) {
      return Error{Errc::Timeout,
                   "a worker does not take the new image within " + std::to_string(limit.count()) + " ms"};
    }
    std::this_thread::sleep_for(kLook);
  }
  held_.erase(held_.begin(), held_.end() - 1);
  return {};
}

void Engine::set(const answer::CookieSecrets& cookies, const DeniedQuestions& denied, std::uint32_t expired) {
  cookies_ = cookies;
  denied_ = denied;
  expired_ = expired;
  if (held_.empty()) return;
  const Held& now = *held_.back();
  publish(now.image, now.names, now.published.generation);
}

void Engine::publish(std::shared_ptr<const image::Image> image, std::shared_ptr<const NamePlaces> names,
                     std::uint64_t generation) {
  auto held = std::make_unique<Held>();
  held->image = std::move(image);
  held->names = std::move(names);
  held->published = {held->image.get(), generation, cookies_, denied_, expired_, held->names.get()};
  slot_.publish(&held->published);
  held_.push_back(std::move(held));
}

bool Engine::all_serve(std::uint64_t generation) const noexcept {
  return std::ranges::all_of(pages_, [&](const WorkerPage& page) {
    return page.generation.load(std::memory_order_acquire) == generation;
  });
}

}  // namespace imrs::engine
