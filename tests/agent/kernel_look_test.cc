// The thread that asks the kernel: nobody waits for it, whatever it waits for.
#include "agent/kernel_look.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <semaphore>
#include <thread>

namespace imrs::agent {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

KernelSeen seen_by(const std::string& device) {
  const WayOutSeen way{true, "by " + device, device};
  return {.ways = {way, way}, .links = {}, .device = DeviceSeen()};
}

// A kernel whose lock somebody may hold. The thread may be the last to know it.
class Kernel {
 public:
  KernelLook::Look look() const {
    return [state = state_] {
      const int number = ++state->begun;
      if (state->held) state->free.acquire();
      return seen_by(std::to_string(number));
    };
  }
  // From the next look on, which is waited for.
  void hold() const {
    state_->held = true;
    for (const int before = begun(); begun() == before;) std::this_thread::sleep_for(milliseconds(1));
  }
  void let_go() const {
    state_->held = false;
    state_->free.release();
  }
  int begun() const { return state_->begun; }

 private:
  struct State {
    std::atomic<int> begun{0};
    std::atomic<bool> held{false};
    std::counting_semaphore<> free{0};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// The next one that is believed; nullptr if there is none within thirty seconds. On a busy machine one may be
// too old before it is taken.
std::shared_ptr<const KernelSeen> next_of(const KernelLook& looks, const UniqueFd& news) {
  std::shared_ptr<const KernelSeen> seen;
  for (const auto end = Clock::now() + std::chrono::seconds(30); seen == nullptr && Clock::now() < end;) {
    pollfd one{news.get(), POLLIN, 0};
    if (::poll(&one, 1, 30'000) != 1) break;
    std::uint64_t count = 0;
    EXPECT_EQ(::read(news.get(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
    seen = looks.latest(Clock::now());
  }
  EXPECT_NE(seen, nullptr);
  return seen;
}

std::string way_of(const std::shared_ptr<const KernelSeen>& seen) {
  return seen == nullptr ? "none" : seen->ways[0]->device;
}

// Whether the thread ends, be it later than a stop waits for it.
bool ends(KernelLook& looks) {
  const auto end = Clock::now() + std::chrono::seconds(30);
  while (!looks.stop()) {
    if (Clock::now() > end) return false;
  }
  return true;
}

milliseconds took(const std::function<void()>& what) {
  const auto start = Clock::now();
  what();
  return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
}

TEST(KernelLook, ThereIsNoneBeforeTheFirstAndThenAlwaysANewOne) {
  const Kernel kernel;
  KernelLook looks(kernel.look());
  const UniqueFd news = looks.news();
  EXPECT_EQ(looks.latest(Clock::now()), nullptr);
  EXPECT_EQ(kernel.begun(), 0) << "nobody looks before the start";
  const auto start = Clock::now();
  ASSERT_TRUE(looks.start());
  for (int number = 1, last = 0; number <= 3; ++number) {
    const auto seen = next_of(looks, news);
    ASSERT_NE(seen, nullptr);
    EXPECT_GT(std::stoi(way_of(seen)), last) << "not the same once more";
    last = std::stoi(way_of(seen));
    EXPECT_GE(seen->begun, start + KernelLook::kPeriod * (number - 1));
    EXPECT_LE(seen->begun, Clock::now());
  }
}

TEST(KernelLook, WhileTheKernelStandsNobodyWaitsAndWhatWasSeenGetsTooOld) {
  const Kernel kernel;
  KernelLook looks(kernel.look());
  const UniqueFd news = looks.news();
  ASSERT_TRUE(looks.start());
  (void)next_of(looks, news);
  kernel.hold();
  std::shared_ptr<const KernelSeen> seen;
  EXPECT_LT(took([&] { seen = looks.latest(Clock::now()); }), milliseconds(500));
  ASSERT_NE(seen, nullptr) << "a short stall takes nothing away";
  EXPECT_NE(looks.latest(seen->begun + KernelLook::kBelieved), nullptr);
  EXPECT_EQ(looks.latest(seen->begun + KernelLook::kBelieved + milliseconds(1)), nullptr);
  kernel.let_go();
  const std::string before = way_of(seen);
  while (way_of(seen) == before) seen = next_of(looks, news);
}

// Its oldest part was seen before the kernel stood.
TEST(KernelLook, OneThatTookTooLongIsNotBelieved) {
  const Kernel kernel;
  KernelLook looks(kernel.look());
  const UniqueFd news = looks.news();
  ASSERT_TRUE(looks.start());
  (void)next_of(looks, news);
  kernel.hold();
  std::this_thread::sleep_for(KernelLook::kBelieved + milliseconds(100));
  EXPECT_EQ(looks.latest(Clock::now()), nullptr);
  const int late = kernel.begun();
  kernel.let_go();
  const auto seen = next_of(looks, news);
  ASSERT_NE(seen, nullptr);
  EXPECT_GT(std::stoi(way_of(seen)), late) << "one after it";
}

TEST(KernelLook, StopsAtOnceAndStartsAgain) {
  const Kernel kernel;
  KernelLook looks(kernel.look());
  const UniqueFd news = looks.news();
  int at_once = 0;  // more times if there is no processor for the thread within kEndLimit
  for (int time = 0; time < 3 || (time < 10 && at_once == 0); ++time) {
    ASSERT_TRUE(looks.start());
    ASSERT_TRUE(looks.start()) << "it is started";
    (void)next_of(looks, news);
    if (looks.stop()) ++at_once;
    ASSERT_TRUE(ends(looks));
    const int before = kernel.begun();
    std::this_thread::sleep_for(KernelLook::kPeriod * 2);
    EXPECT_EQ(kernel.begun(), before);
    EXPECT_TRUE(looks.stop());
  }
  EXPECT_GT(at_once, 0) << "it never ended within kEndLimit";
}

TEST(KernelLook, TheStopDoesNotWaitForTheKernel) {
  const Kernel kernel;
  {
    KernelLook looks(kernel.look());
    const UniqueFd news = looks.news();
    ASSERT_TRUE(looks.start());
    (void)next_of(looks, news);
    kernel.hold();
    EXPECT_LT(took([&] { EXPECT_FALSE(looks.stop()); }), KernelLook::kEndLimit + milliseconds(10'000));
    ASSERT_TRUE(looks.start()) << "an upgrade that was given up";
    kernel.let_go();
    EXPECT_NE(next_of(looks, news), nullptr) << "the same thread goes on";
    kernel.hold();
  }
  kernel.let_go();  // the thread has outlived its owner
  std::this_thread::sleep_for(KernelLook::kPeriod * 2);
}

TEST(KernelLook, TheThreadTakesNoSignalAndIsSmall) {
  std::atomic<bool> blocked{false};
  std::atomic<std::size_t> stack{0};
  KernelLook looks([&] {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked = ::sigismember(&mask, SIGTERM) == 1 && ::sigismember(&mask, SIGINT) == 1 &&
              ::sigismember(&mask, SIGHUP) == 1;
    pthread_attr_t attributes;
    ::pthread_getattr_np(::pthread_self(), &attributes);
    std::size_t size = 0;
    ::pthread_attr_getstacksize(&attributes, &size);
    ::pthread_attr_destroy(&attributes);
    stack = size;
    return seen_by("lo");
  });
  const UniqueFd news = looks.news();
  ASSERT_TRUE(looks.start());
  (void)next_of(looks, news);
  EXPECT_TRUE(blocked);
  EXPECT_LE(stack, 2U << 20);
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  EXPECT_EQ(::sigismember(&mask, SIGTERM), 0) << "the loop's own";
  EXPECT_TRUE(ends(looks));
}

// A thread of its own: the namespace is the thread's, and that of the thread that it starts.
TEST(KernelLook, SeesWaysLinksAndTheDevice) {
  const auto ip = [](const std::string& words) {
    return std::system(("ip " + words + " >/dev/null 2>&1").c_str()) == 0;
  };
  bool there = false;
  std::thread([&] {
    there = ::unshare(CLONE_NEWNET) == 0 && ip("link add v0 type veth peer name v1");
    if (!there) return;
    ASSERT_TRUE(ip("addr add 192.0.2.1/30 dev v0") && ip("link set v0 up") && ip("link set v1 up") &&
                ip("route add default dev v0"));
    KernelLook looks(look_around("v1", {"no-such-link"}));
    const UniqueFd news = looks.news();
    ASSERT_TRUE(looks.start());
    auto seen = next_of(looks, news);
    while (seen && seen->links.size() == 2 && !seen->links[1].carrier) seen = next_of(looks, news);
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(seen->ways[0]->detail, "by v0");
    EXPECT_EQ(seen->ways[1]->usable, false);
    ASSERT_EQ(seen->links.size(), 2U);
    EXPECT_EQ(seen->links[0].device, "no-such-link");
    EXPECT_FALSE(seen->links[0].carrier);
    EXPECT_EQ(seen->links[1].device, "v0");
    EXPECT_NE(seen->device->index, 0);

    ASSERT_TRUE(ip("route del default"));
    const auto limit = Clock::now() + std::chrono::seconds(10);
    while (seen && seen->ways[0]->usable == true && Clock::now() < limit) seen = next_of(looks, news);
    ASSERT_NE(seen, nullptr);
    EXPECT_NE(seen->ways[0]->usable, true);
    EXPECT_THAT(seen->ways[0]->detail, HasSubstr("no route"));
    ASSERT_EQ(seen->links.size(), 2U) << "the link by which it last led is looked at";
    EXPECT_TRUE(ends(looks));
  }).join();
  if (!there) GTEST_SKIP() << "NOT TESTED: no network namespace here";
}

}  // namespace
}  // namespace imrs::agent
