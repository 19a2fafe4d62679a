// Rotations and rollbacks that are killed before each of their steps, and the mending of that too: whatever
// is left, imrs-web has a pair of key and certificate, and the next command finds files and a way back that
// belong together.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "agent/remote/certificate.h"
#include "agent/remote/rotation.h"
#include "agent/web/tls.h"
#include "tests/agent/web/certificates.h"
#include "tests/support/temp_directory.h"

namespace {

constexpr int kNever = -1, kKilled = 99;
int steps_left = kNever;  // of this process

void step() {
  if (steps_left == 0) ::_exit(kKilled);
  if (steps_left > 0) --steps_left;
}

}  // namespace

// In the place of the C library's, in this program: all that changes names.
extern "C" {
int rename(const char* from, const char* to) noexcept {
  step();
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0U));
}
int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) noexcept {
  step();
  return static_cast<int>(::syscall(SYS_renameat2, from_at, from, to_at, to, flags));
}
int link(const char* from, const char* to) noexcept {
  step();
  return static_cast<int>(::syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int unlink(const char* path) noexcept {
  step();
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}
}

namespace imrs::remote {
namespace {

using test::TempDirectory;
using testing::AnyOf;
using testing::UnorderedElementsAre;

// In a process of its own; false: it came to its end before it was killed.
bool is_killed_after(int steps, const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    steps_left = steps;
    action();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kKilled));
  return WEXITSTATUS(status) == kKilled;
}

enum Pair : std::size_t { Earlier, Old, New, Next, kPairs };

class Killed : public testing::TestWithParam<bool> {  // whether there is an earlier way back
 protected:
  static void SetUpTestSuite() {
    if (!texts_.empty()) return;
    const web::Identity ca = web::make_ca("CA", 4'102'444'800);
    ca_ = ca.certificate_pem();
    for (std::size_t i = 0; i < kPairs; ++i) {
      const web::Identity one = web::make_identity(ca, {.name = "x", .usage = "serverAuth"});
      texts_.push_back({one.key_pem(), one.certificate_pem()});
    }
  }

  // The old pair, and beside it the earlier one.
  struct Place {
    TempDirectory directory;
    TlsConfig tls{directory.path("pem"), directory.path("key"), directory.path("ca")};

    explicit Place(bool has_previous) {
      directory.write("ca", ca_);
      directory.write("key", texts_[Old].key);
      directory.write("pem", texts_[Old].certificate);
      if (!has_previous) return;
      directory.write("key.previous", texts_[Earlier].key);
      directory.write("pem.previous", texts_[Earlier].certificate);
    }
    // "0" to "3" of key and certificate, "-" of one that is not there, "?" of any other.
    [[nodiscard]] std::string seen(const std::string& tail = "") const {
      const std::string key = directory.read("key" + tail), pem = directory.read("pem" + tail);
      std::string out = key.empty() ? "-" : "?";
      out += pem.empty() ? "-" : "?";
      for (std::size_t i = 0; i < kPairs; ++i) {
        if (key == texts_[i].key) out[0] = static_cast<char>('0' + i);
        if (pem == texts_[i].certificate) out[1] = static_cast<char>('0' + i);
      }
      return out;
    }
    [[nodiscard]] bool serves() const {
      web::Tls web(tls);
      return web.look().ok();
    }
    [[nodiscard]] bool change_to(Pair pair, bool works) const {
      const Rotation rotation{
          .files = {{tls.key, texts_[pair].key}, {tls.certificate, texts_[pair].certificate}},
          .activation = Activation::None,
          .text = ""};
      return carry_out(rotation,
                       [&](Activation) {
                         step();
                         return works ? Result<void>() : Error{Errc::Refused, "it does not work"};
                       })
          .ok();
    }
    // As every rotation and every rollback does.
    void mend() const {
      EXPECT_TRUE(mend_certificate(tls));
      EXPECT_TRUE(settle(tls.certificate));
      EXPECT_TRUE(settle(tls.key));
    }
  };

  // Every point of time of `action`, and for each every one of the mending. `right`: of what is there then.
  void everywhere(const std::function<void(const Place&)>& action,
                  const std::function<void(const std::string& now, const std::string& before)>& right) {
    for (bool killed = true; killed; ++steps_) {
      bool again = true;
      for (int mending = 0; again; ++mending) {
        const Place place(GetParam());
        killed = is_killed_after(steps_, [&] { action(place); });
        const std::string left = place.seen() + place.seen(".previous") + place.seen(".previous.before");
        EXPECT_TRUE(place.serves()) << left;
        again = is_killed_after(mending, [&] { place.mend(); });
        EXPECT_TRUE(place.serves()) << left;
        place.mend();
        SCOPED_TRACE("killed after " + std::to_string(steps_) + " steps (" + left + "), mending after " +
                     std::to_string(mending));
        right(place.seen(), place.seen(".previous"));
        EXPECT_EQ(place.seen(".previous.before"), "--");
        const std::string now = place.seen();
        EXPECT_TRUE(place.change_to(Next, true));
        EXPECT_EQ(place.seen() + place.seen(".previous"), "33" + now);
        EXPECT_THAT(place.directory.files(),
                    UnorderedElementsAre("ca", "key", "pem", "key.previous", "pem.previous"));
      }
    }
    EXPECT_GT(steps_, 2) << "nothing was killed: rename() and the others are not those of this test";
  }

  // Where there was no way back, half a rotation may leave half of one, which no rollback takes.
  static void expect_earlier(const std::string& before) {
    if (GetParam()) {
      EXPECT_EQ(before, "00");
    } else {
      EXPECT_THAT(before, AnyOf("--", "2-", "-2"));
    }
  }
  static void expect_one_of_both(const std::string& now, const std::string& before) {
    ASSERT_THAT(now, AnyOf("11", "22"));
    if (now == "11") return expect_earlier(before);
    EXPECT_EQ(before, "11");
  }

  struct Texts {
    std::string key, certificate;
  };
  static inline std::string ca_;
  static inline std::vector<Texts> texts_;
  int steps_ = 0;
};

TEST_P(Killed, WhileItGoesWell) {
  everywhere([](const Place& place) { (void)place.change_to(New, true); }, expect_one_of_both);
}

TEST_P(Killed, WhileItIsTakenBack) {
  everywhere([](const Place& place) { (void)place.change_to(New, false); }, expect_one_of_both);
  const Place whole(GetParam());
  EXPECT_FALSE(whole.change_to(New, false));
  EXPECT_EQ(whole.seen(), "11");
  EXPECT_EQ(whole.seen(".previous"), GetParam() ? "00" : "--");
}

TEST_P(Killed, WhileItGoesBack) {
  const auto back = [](const Place& place) {
    (void)roll_back({place.tls.key, place.tls.certificate}, Activation::None,
                    [](Activation) { return Result<void>(); });
  };
  const auto right = [](const std::string& now, const std::string& before) {
    if (GetParam()) {
      EXPECT_THAT(now + before, AnyOf("1100", "0011"));
    } else {
      EXPECT_EQ(now + before, "11--") << "there is no way back";
    }
  };
  everywhere(
      [&](const Place& place) {
        back(place);
        back(place);
        back(place);
      },
      right);
}

INSTANTIATE_TEST_SUITE_P(WithAWayBackOrWithout, Killed, testing::Bool());

}  // namespace
}  // namespace imrs::remote
