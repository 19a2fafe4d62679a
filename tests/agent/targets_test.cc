#include <gtest/gtest.h>

#include <set>

#include "agent/routing.h"
#include "agent/steering.h"

namespace imrs::agent {
namespace {

TEST(Targets, EveryAddressTransportAndWorkerOnce) {
  ServiceConfig service;
  service.addresses = {
      {Family::V4, "199.7.83.42"}, {Family::V6, "2001:500:9f::42"}, {Family::V6, "2001:500:3::42"}};
  const auto targets = make_targets(service, 2);
  ASSERT_EQ(targets.size(), 3U * 2 * 2);
  std::set<std::string> texts;
  std::array<std::set<std::size_t>, 2> indices;
  for (const health::Target& target : targets) {
    texts.insert(target.text());
    indices[static_cast<std::size_t>(target.family)].insert(target.index);
    EXPECT_EQ(target.mark, kProbeMark + target.worker);
    EXPECT_EQ(target.address, service.addresses[target.service].text);
  }
  EXPECT_EQ(texts.size(), targets.size());
  EXPECT_EQ(indices[0].size(), 4U);     // IPv4: one address
  EXPECT_EQ(*indices[0].rbegin(), 3U);  // counted from 0 without a gap
  EXPECT_EQ(indices[1].size(), 8U);
  EXPECT_EQ(*indices[1].rbegin(), 7U);
}

}  // namespace
}  // namespace imrs::agent
