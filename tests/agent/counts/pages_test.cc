// The shared memory of the counts: where what lies, who may map it how, and what is refused.
#include "agent/counts/pages.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <set>

namespace imrs::counts {
namespace {

using testing::HasSubstr;

std::size_t at(const void* address, const void* start) {
  return static_cast<std::size_t>(static_cast<const std::uint8_t*>(address) -
                                  static_cast<const std::uint8_t*>(start));
}

TEST(Pages, SizeIsThatOfItsParts) {
  for (const std::uint32_t workers : {1U, 2U, 7U, 64U}) {
    const std::size_t parts = workers * (sizeof(WorkerPage) + sizeof(WorkerTables)) + sizeof(NameTable);
    EXPECT_GE(Pages::size_for(workers), parts) << workers;
    EXPECT_LT(Pages::size_for(workers), parts + alignof(WorkerTables)) << workers;
  }
}

TEST(Pages, PartsLieOneAfterTheOtherAndEndWhereTheMemoryEnds) {
  constexpr std::uint32_t kWorkers = 3;
  const auto fd = Pages::make(kWorkers);
  ASSERT_TRUE(fd.ok()) << fd.error().message;
  const auto pages = Pages::map(fd->get(), kWorkers, true);
  ASSERT_TRUE(pages.ok()) << pages.error().message;
  EXPECT_FALSE(pages->empty());
  ASSERT_EQ(pages->workers().size(), kWorkers);
  ASSERT_EQ(pages->tables().size(), kWorkers);
  const void* const start = pages->workers().data();
  const std::size_t names = at(&pages->names(), start), tables = at(pages->tables().data(), start);
  EXPECT_EQ(names, kWorkers * sizeof(WorkerPage));
  EXPECT_GE(tables, names + sizeof(NameTable));
  EXPECT_EQ(tables % alignof(WorkerTables), 0U);
  EXPECT_EQ(tables + kWorkers * sizeof(WorkerTables), Pages::size_for(kWorkers));
}

TEST(Pages, NothingIsMappedBefore) {
  EXPECT_TRUE(Pages().empty());
  EXPECT_TRUE(Pages().workers().empty());
}

TEST(Pages, NewOnesAreZeroButForTheEpoch) {
  const auto fd = Pages::make(2);
  ASSERT_TRUE(fd.ok());
  auto mapping = map_shared(fd->get(), Pages::size_for(2), true);
  ASSERT_TRUE(mapping.ok());
  const auto pages = Pages::map(fd->get(), 2, true);
  ASSERT_TRUE(pages.ok());
  EXPECT_NE(pages->names().epoch.load(), 0U);
  EXPECT_NE(pages->names().since.load(), 0U);
  pages->names().epoch.store(0);
  pages->names().since.store(0);
  EXPECT_TRUE(std::ranges::all_of(mapping->bytes(), [](std::uint8_t octet) { return octet == 0; }));
}

TEST(Pages, EpochsAreRandom) {
  std::set<std::uint64_t> epochs;
  for (int i = 0; i < 10; ++i) {
    const auto fd = Pages::make(1);
    ASSERT_TRUE(fd.ok());
    const auto pages = Pages::map(fd->get(), 1, false);
    ASSERT_TRUE(pages.ok());
    epochs.insert(pages->names().epoch.load());
  }
  EXPECT_EQ(epochs.size(), 10U);
}

TEST(Pages, WhatOneWritesAnotherReads) {
  const auto fd = Pages::make(2);
  ASSERT_TRUE(fd.ok());
  const auto reader_fd = read_only_of(fd->get());
  ASSERT_TRUE(reader_fd.ok()) << reader_fd.error().message;
  const auto engine = Pages::map(fd->get(), 2, true);
  const auto reader = Pages::map(reader_fd->get(), 2, false);
  const auto agent = Pages::map_worker_pages(fd->get(), 2);
  ASSERT_TRUE(engine.ok() && reader.ok() && agent.ok());
  engine->workers()[1].probes.store(11);
  engine->names().used.store(22);
  engine->tables()[1].days[1].day.store(33);
  EXPECT_EQ(reader->workers()[1].probes.load(), 11U);
  EXPECT_EQ(reader->names().used.load(), 22U);
  EXPECT_EQ(reader->tables()[1].days[1].day.load(), 33U);
  EXPECT_EQ(reader->workers()[0].probes.load(), 0U);
  ASSERT_EQ(agent->size(), 2 * sizeof(WorkerPage)) << "the tables are not the agent's";
  EXPECT_EQ(static_cast<const WorkerPage*>(agent->address())[1].probes.load(), 11U);
}

TEST(Pages, RefusesAnotherNumberOfWorkers) {
  const auto fd = Pages::make(4);
  ASSERT_TRUE(fd.ok());
  for (const std::uint32_t workers : {0U, 1U, 3U, 5U, 8U, 0xFFFFFFFFU}) {
    for (const bool writable : {false, true}) {
      const auto pages = Pages::map(fd->get(), workers, writable);
      ASSERT_FALSE(pages.ok()) << workers;
      EXPECT_THAT(pages.error().message, HasSubstr("counters")) << workers;
    }
    EXPECT_FALSE(Pages::map_worker_pages(fd->get(), workers).ok()) << workers;
  }
  EXPECT_TRUE(Pages::map(fd->get(), 4, true).ok());
}

TEST(Pages, RefusesToMakeThemForNobody) { EXPECT_FALSE(Pages::make(0).ok()); }

TEST(Pages, RefusesWhatIsNotThatMemory) {
  const std::size_t size = Pages::size_for(1);
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd unsealed(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(unsealed.get(), static_cast<off_t>(size)), 0);
  const UniqueFd can_shrink(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(can_shrink.get(), static_cast<off_t>(size)), 0);
  ASSERT_EQ(::fcntl(can_shrink.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL), 0);
  const struct {
    const char* description;
    int fd;
  } cases[] = {{"no descriptor", -1},
               {"no memfd", null.get()},
               {"a memfd without seals", unsealed.get()},
               {"a memfd that can shrink", can_shrink.get()}};
  for (const auto& c : cases) {
    EXPECT_FALSE(Pages::map(c.fd, 1, false).ok()) << c.description;
    EXPECT_FALSE(Pages::map_worker_pages(c.fd, 1).ok()) << c.description;
  }
}

TEST(Pages, CanNeitherShrinkNorGrow) {
  const auto fd = Pages::make(1);
  ASSERT_TRUE(fd.ok());
  EXPECT_NE(::ftruncate(fd->get(), 0), 0);
  EXPECT_NE(::ftruncate(fd->get(), static_cast<off_t>(Pages::size_for(2))), 0);
}

// Whoever has been given the descriptor for reading can make no writable mapping of it, now or later.
TEST(Pages, TheReadersDescriptorCannotBeWritten) {
  const auto fd = Pages::make(1);
  ASSERT_TRUE(fd.ok());
  const auto reader = read_only_of(fd->get());
  ASSERT_TRUE(reader.ok());
  const std::size_t size = Pages::size_for(1);
  EXPECT_EQ(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, reader->get(), 0), MAP_FAILED);
  EXPECT_EQ(errno, EACCES);
  EXPECT_FALSE(Pages::map(reader->get(), 1, true).ok());
  EXPECT_EQ(::pwrite(reader->get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EBADF);
  void* const readable = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, reader->get(), 0);
  ASSERT_NE(readable, MAP_FAILED);
  EXPECT_NE(::mprotect(readable, size, PROT_READ | PROT_WRITE), 0);
  EXPECT_EQ(errno, EACCES);
  ::munmap(readable, size);
  const auto writable = Pages::map(fd->get(), 1, true);
  EXPECT_TRUE(writable.ok()) << "the engine's descriptor is as it was";
}

TEST(Pages, TheAgentsPartIsOnlyRead) {
  const auto fd = Pages::make(1);
  ASSERT_TRUE(fd.ok());
  const auto agent = Pages::map_worker_pages(fd->get(), 1);
  ASSERT_TRUE(agent.ok());
  const UniqueFd zeros(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(::read(zeros.get(), agent->address(), 1), -1) << "the kernel may write there";
  EXPECT_EQ(errno, EFAULT);
}

}  // namespace
}  // namespace imrs::counts
