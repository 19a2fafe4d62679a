// Where what lies in the shared memory of the counts. Called once by each program that maps it.
#include "agent/counts/pages.h"

#include <sys/random.h>

#include <ctime>
#include <string>

namespace imrs::counts {
namespace {

std::size_t names_at(std::uint32_t workers) noexcept { return workers * sizeof(WorkerPage); }

// The tables start at a page of their own.
std::size_t tables_at(std::uint32_t workers) noexcept {
  constexpr std::size_t kAlign = alignof(WorkerTables);
  return (names_at(workers) + sizeof(NameTable) + kAlign - 1) / kAlign * kAlign;
}

}  // namespace

std::size_t Pages::size_for(std::uint32_t workers) noexcept {
  return tables_at(workers) + workers * sizeof(WorkerTables);
}

Result<UniqueFd> Pages::make(std::uint32_t workers) {
  auto fd = make_shared_memfd("imrs-counters", size_for(workers));
  if (!fd) return fd.error();
  auto pages = map(fd->get(), workers, true);
  if (!pages) return pages.error();
  std::uint64_t epoch = 0;
  if (::getrandom(&epoch, sizeof epoch, 0) != sizeof epoch) return system_error("getrandom");
  pages->names().epoch.store(epoch, std::memory_order_relaxed);
  pages->names().since.store(static_cast<std::uint64_t>(std::time(nullptr)), std::memory_order_relaxed);
  return fd;
}

Result<Pages> Pages::map(int fd, std::uint32_t workers, bool writable) {
  if (workers == 0) return Error{Errc::InvalidInput, "counters: there are no workers"};
  auto mapping = map_shared(fd, size_for(workers), writable);
  if (!mapping) return mapping.error().within("counters");
  Pages pages;
  pages.mapping_ = std::move(*mapping);
  pages.workers_ = workers;
  return pages;
}

Result<Mapping> Pages::map_worker_pages(int fd, std::uint32_t workers) {
  auto mapping = map_shared_part(fd, size_for(workers), names_at(workers));
  if (!mapping) return mapping.error().within("counters");
  return mapping;
}

std::span<WorkerPage> Pages::workers() const noexcept {
  return {static_cast<WorkerPage*>(mapping_.address()), workers_};
}

NameTable& Pages::names() const noexcept {
  return *reinterpret_cast<NameTable*>(static_cast<std::uint8_t*>(mapping_.address()) + names_at(workers_));
}

std::span<WorkerTables> Pages::tables() const noexcept {
  auto* const start = static_cast<std::uint8_t*>(mapping_.address()) + tables_at(workers_);
  return {reinterpret_cast<WorkerTables*>(start), workers_};
}

}  // namespace imrs::counts
