// The thread that asks the kernel, and what it asks. Started by the supervisor, which takes the results. It
// must hold no lock while it asks, and write no log.
#include "agent/kernel_look.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include "agent/link_counters.h"

namespace imrs::agent {

struct KernelLook::Shared {
  Look look;  // the thread's alone
  UniqueFd news{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  mutable std::mutex mutex;  // of what follows
  std::condition_variable changed;
  bool runs = false, end = false;
  std::shared_ptr<const KernelSeen> latest;

  void run();
};

// An exception ends the process, and the dead-man withdraws: nobody would watch the way out.
void KernelLook::Shared::run() {
  std::unique_lock lock(mutex);
  while (!end) {
    lock.unlock();
    const TimePoint begun = TimePoint::clock::now();
    auto seen = std::make_shared<KernelSeen>(look());
    seen->begun = begun;
    lock.lock();
    latest = std::move(seen);
    const std::uint64_t one = 1;
    (void)!::write(news.get(), &one, sizeof one);
    changed.wait_until(lock, begun + kPeriod, [this] { return end; });
  }
  runs = false;
  changed.notify_all();
}

namespace {

// Its deepest call is getifaddrs(3), which takes up to 64 KB of it. Only what is touched is locked in memory.
constexpr std::size_t kThreadStack = 256UL << 10;

// A thread that takes no signal: the loop has asked for them. Nobody waits for it but by what it shares.
Result<void> start_thread(void* (*body)(void*), void* argument) {
  sigset_t all, before;
  ::sigfillset(&all);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kThreadStack);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int error = ::pthread_create(&thread, &attributes, body, argument);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) return system_error("the thread that asks the kernel", error);
  return {};
}

// Used by the thread alone.
class Surroundings {
 public:
  Surroundings(std::string device, std::set<std::string> links)
      : device_(std::move(device)), links_(std::move(links)) {}

  KernelSeen look() {
    ++looks_;
    std::array ways{ways_out_.look(Family::V4), ways_out_.look(Family::V6)};
    for (std::size_t i = 0; i < ways.size(); ++i) {
      if (ways[i] && !ways[i]->device.empty()) led_by_[i] = ways[i]->device;
    }
    return {.ways = std::move(ways), .links = look_at_links(), .device = look_at_device(device_)};
  }

 private:
  // Asking for one that is not there makes the kernel look for a module of its name: once a second is enough.
  static constexpr unsigned kSeldom = 5;

  std::vector<LinkState> look_at_links() {
    std::set<std::string> wanted = links_;
    wanted.insert(led_by_.begin(), led_by_.end());  // of a route that went with its link too
    wanted.erase("");
    std::vector<LinkState> found;
    for (const std::string& device : wanted) {
      const auto before = std::ranges::find(found_, device, &LinkState::device);
      if (before != found_.end() && !before->carrier && looks_ % kSeldom != 0) {
        found.push_back(*before);
      } else if (auto link = look_at_link(device)) {
        found.push_back(std::move(*link));
      }
    }
    return found_ = std::move(found);
  }

  std::string device_;
  std::set<std::string> links_;
  WaysOut ways_out_;
  std::array<std::string, 2> led_by_;  // by family: the interface, when there last was one
  std::vector<LinkState> found_;       // by the look before
  unsigned looks_ = 0;
};

}  // namespace

KernelLook::KernelLook(Look look) : shared_(std::make_shared<Shared>()) { shared_->look = std::move(look); }

Result<void> KernelLook::start() {
  if (!shared_->news) return Error{Errc::System, "eventfd: no descriptor for what the kernel says"};
  const std::scoped_lock lock(shared_->mutex);
  shared_->end = false;
  if (shared_->runs) return {};
  auto kept = std::make_unique<std::shared_ptr<Shared>>(shared_);
  const auto body = [](void* argument) noexcept -> void* {
    const std::unique_ptr<std::shared_ptr<Shared>> own(static_cast<std::shared_ptr<Shared>*>(argument));
    (*own)->run();
    return nullptr;
  };
  if (auto started = start_thread(body, kept.get()); !started) return started;
  (void)kept.release();
  shared_->runs = true;
  return {};
}

bool KernelLook::stop() {
  std::unique_lock lock(shared_->mutex);
  shared_->end = true;
  shared_->changed.notify_all();
  return shared_->changed.wait_for(lock, kEndLimit, [this] { return !shared_->runs; });
}

std::shared_ptr<const KernelSeen> KernelLook::last() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->latest;
}

std::shared_ptr<const KernelSeen> KernelLook::latest(TimePoint now) const {
  auto seen = last();
  if (seen == nullptr || now - seen->begun > kBelieved) return nullptr;
  return seen;
}

UniqueFd KernelLook::news() const { return UniqueFd(::fcntl(shared_->news.get(), F_DUPFD_CLOEXEC, 0)); }

KernelLook::Look look_around(std::string device, std::set<std::string> links) {
  auto surroundings = std::make_shared<Surroundings>(std::move(device), std::move(links));
  return [surroundings] { return surroundings->look(); };
}

}  // namespace imrs::agent
