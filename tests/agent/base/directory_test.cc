// The directory of a file, and who may hold it.
#include "agent/base/directory.h"

#include <gtest/gtest.h>

#include "tests/support/temp_directory.h"

namespace imrs {
namespace {

TEST(Directory, IsTheNameUpToTheLastSlash) {
  const struct {
    const char* path;
    const char* want;
  } cases[] = {{"/etc/imrs/agent.json", "/etc/imrs"}, {"/file", "/"}, {"file", "."}, {"a/b/", "a/b"}};
  for (const auto& c : cases) EXPECT_EQ(directory_of(c.path), c.want) << c.path;
}

TEST(Directory, OneAtATimeHoldsIt) {
  const test::TempDirectory directory;
  {
    const auto first = lock_directory(directory.path());
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(lock_directory(directory.path()).error().code, Errc::Unavailable);
    EXPECT_EQ(lock_directory(directory.path(), true).error().code, Errc::Unavailable);
  }
  EXPECT_TRUE(lock_directory(directory.path()).ok());
  EXPECT_FALSE(lock_directory(directory.path("nowhere")).ok());
}

TEST(Directory, ThoseWhoShareItHoldItTogether) {
  const test::TempDirectory directory;
  const auto one = lock_directory(directory.path(), true), other = lock_directory(directory.path(), true);
  EXPECT_TRUE(one.ok() && other.ok());
  EXPECT_EQ(lock_directory(directory.path()).error().code, Errc::Unavailable);
}

}  // namespace
}  // namespace imrs
