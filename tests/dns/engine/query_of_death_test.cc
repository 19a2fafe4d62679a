// A question that kills the engine: noted by the one that dies, and dropped by the next. The program is the
// engine with one line more, by which one question kills its worker (dns/engine/test_hook.h).
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>

#include "dns/wire/question_hash.h"
#include "tests/dns/engine/child_fixture.h"

namespace imrs::test {
namespace {

class QueryOfDeath : public Child {
 protected:
  [[nodiscard]] const char* program() const override { return IMRS_ENGINE_HOOKED; }

  void serve(std::span<const std::uint64_t> denied) {
    set_up(2, 2);
    EngineSettings settings;
    for (const std::uint64_t hash : denied) settings.denied[settings.denied_count++] = hash;
    ASSERT_TRUE(channel_.send_message(settings).ok());
    send_image(*image_, 1);
    ASSERT_EQ(wait_serving(), 1U);
    mapping_ = std::move(*counts::Pages::map_worker_pages(pages_.get(), 2));
  }
  const WorkerPage& page(int worker) const {
    return static_cast<const WorkerPage*>(mapping_.address())[worker];
  }

  void send(const Octets& query, Transport transport = Transport::Udp) {
    const UniqueFd fd = connect_to(Family::V4, transport, port_);
    Octets framed;
    append_framed(framed, query);
    ASSERT_TRUE(send_all(fd.get(), transport == Transport::Tcp ? framed : query));
    if (transport == Transport::Tcp) (void)wait_until_closed(fd.get());
  }

  const std::shared_ptr<const image::Image> image_ = image_of(three_zones());
  const Octets deadly_ = query_octets({.name = "kill-the-worker.alpha.", .type = 1});
  const Octets again_ = query_octets(
      {.name = "kill-the-worker.ALPHA.", .type = 1, .dnssec_ok = true, .flags = 0x100});
  Mapping mapping_;
};

TEST_F(QueryOfDeath, ItIsNotedByTheWorkerThatDies) {
  for (const Transport transport : kTransports) {
    if (pid_ < 0) start();
    serve({});
    EXPECT_EQ(ask(query_), response_to(*image_, query_));
    send(deadly_, transport);
    const int status = wait_status();
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGABRT);
    const std::uint64_t hash = wire::question_hash(deadly_);
    EXPECT_EQ(page(0).fatal + page(1).fatal, hash) << "one of them, and not the other";
    channel_.close();
  }
}

TEST_F(QueryOfDeath, DeniedItIsDroppedWhoeverAsks) {
  serve(std::vector{wire::question_hash(deadly_)});
  send(deadly_);
  send(again_);
  // UDP is served in order on one socket only, so wait for both to be counted.
  for (int i = 0; i < 10000 && page(0).denied + page(1).denied < 2; ++i) (void)ask(query_);
  EXPECT_EQ(page(0).denied + page(1).denied, 2U);
  EXPECT_EQ(ask(query_), response_to(*image_, query_));
  const Octets other = query_octets({.name = "let-the-worker.alpha."});
  EXPECT_EQ(ask(other), response_to(*image_, other));
  EXPECT_EQ(end(), 0);
}

TEST_F(QueryOfDeath, AnEngineKilledFromOutsideAccusesNobody) {
  serve({});
  EXPECT_EQ(ask(query_), response_to(*image_, query_));
  ASSERT_EQ(::kill(pid_, SIGKILL), 0);
  EXPECT_TRUE(WIFSIGNALED(wait_status()));
  EXPECT_EQ(page(0).fatal + page(1).fatal, 0U);
}

}  // namespace
}  // namespace imrs::test
