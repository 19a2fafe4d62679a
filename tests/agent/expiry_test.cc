#include "agent/expiry.h"

#include <gtest/gtest.h>

namespace imrs::agent {
namespace {

struct Case {
  const char* description;
  ZoneAge age;
  std::int64_t now;
  const char* want;  // substring; null: good
};

constexpr Case kCases[] = {
    {"fresh", {1000, 604800, 900000}, 1000, nullptr},
    {"one second before the SOA's expire", {1000, 600, 900000}, 1599, nullptr},
    {"at the SOA's expire", {1000, 600, 900000}, 1600, "no primary has confirmed it for 600 s"},
    {"one second before the first signature ends", {1000, 604800, 5000}, 4999, nullptr},
    {"the first signature has ended", {1000, 604800, 5000}, 5000, "first signature ended 0 s ago"},
    {"unsigned zones have no signature to end", {1000, 604800, 0}, 500000, nullptr},
};

TEST(Expiry, ByRefreshAndBySignature) {
  for (const Case& c : kCases) {
    const auto got = expired(c.age, c.now);
    EXPECT_EQ(got.has_value(), c.want != nullptr) << c.description;
    if (got && c.want != nullptr) {
      EXPECT_NE(got->find(c.want), std::string::npos) << c.description << ": " << *got;
    }
  }
}

}  // namespace
}  // namespace imrs::agent
