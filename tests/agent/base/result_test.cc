// Errors say what failed, on what and why.
#include "agent/base/result.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <memory>

namespace imrs {
namespace {

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> value(4);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value, 4);
  const Result<int> failed(Error{Errc::Timeout, "no answer"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::Timeout);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> value(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(*value);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, VoidIsFineUnlessToldOtherwise) {
  EXPECT_TRUE(Result<void>().ok());
  EXPECT_FALSE(Result<void>(Error{Errc::Closed, "peer has gone"}).ok());
}

TEST(Error, IsSeenFromFurtherOut) {
  const Error error = Error{Errc::Refused, "damaged"}.within("image").within("start");
  EXPECT_EQ(error.message, "start: image: damaged");
  EXPECT_EQ(error.code, Errc::Refused);
}

TEST(Error, SystemErrorTakesErrno) {
  errno = ENOENT;
  const Error error = system_error("/etc/imrs/agent.json");
  EXPECT_EQ(error.message, "/etc/imrs/agent.json: No such file or directory");
  EXPECT_EQ(system_error("bind", EACCES).message, "bind: Permission denied");
  EXPECT_EQ(error.code, Errc::System);
}

}  // namespace
}  // namespace imrs
