// Every socket has a worker and every worker a socket, or the engine does not start.
#include <gmock/gmock.h>

#include "dns/engine/engine.h"

namespace imrs::engine {
namespace {

SocketRole role(std::uint8_t worker, std::uint8_t transport = 0, std::uint8_t family = 0) {
  return {.worker = worker, .transport = transport, .family = family, .service = 0, .probe = 0};
}

TEST(CheckWorkers, Table) {
  const struct {
    const char* description;
    std::vector<SocketRole> roles;
    std::uint32_t workers;
    const char* refused;  // nullptr: accepted
  } cases[] = {
      {"one and one", {role(0)}, 1, nullptr},
      {"two and two", {role(1), role(0), role(1)}, 2, nullptr},
      {"no workers", {}, 0, "no workers"},
      {"fewer workers than sockets need", {role(0), role(1)}, 1, "worker 1, but there are 1"},
      {"idle worker", {role(0), role(2)}, 3, "worker 1 has no socket"},
      {"no sockets", {}, 1, "worker 0 has no socket"},
      {"transport out of range", {role(0, 2)}, 1, "a socket is meant for"},
      {"family out of range", {role(0, 0, 2)}, 1, "a socket is meant for"},
  };
  for (const auto& c : cases) {
    const auto checked = check_workers(c.roles, c.workers);
    ASSERT_EQ(checked.ok(), c.refused == nullptr) << c.description;
    if (checked.ok()) continue;
    EXPECT_EQ(checked.error().code, Errc::Refused) << c.description;
    EXPECT_THAT(checked.error().message, testing::HasSubstr(c.refused)) << c.description;
  }
}

}  // namespace
}  // namespace imrs::engine
