// Counts of several workers as one value: nothing is left out, nothing is counted twice.
#include "agent/counts/counts.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <set>

namespace imrs::counts {
namespace {

using testing::ElementsAre;

// Visits every counter of TrafficCounters or of Traffic, in the same order.
template <typename Counters, typename Use>
std::size_t visit(Counters& counters, Use use) {
  std::size_t visited = 0;
  const auto one = [&](auto& counter) { use(counter, ++visited); };
  const auto all = [&](auto& array) {
    for (auto& counter : array) one(counter);
  };
  one(counters.queries);
  one(counters.responses);
  one(counters.unanswered);
  one(counters.truncated);
  one(counters.limited);
  one(counters.query_bytes);
  one(counters.response_bytes);
  all(counters.rcodes);
  all(counters.opcodes);
  all(counters.malformed);
  all(counters.attributes);
  all(counters.chaos);
  all(counters.types);
  all(counters.query_sizes);
  all(counters.response_sizes);
  return visited;
}

// Every counter another number, times `factor`.
Traffic filled(std::uint64_t factor) {
  Traffic out;
  visit(out, [factor](std::uint64_t& value, std::size_t number) { value = factor * number; });
  return out;
}
void fill(TrafficCounters& counters, std::uint64_t factor) {
  visit(counters, [factor](Counter& counter, std::size_t number) { counter.store(factor * number); });
}

struct Shared {
  explicit Shared(std::uint32_t workers)
      : fd(Pages::make(workers).value()), pages(Pages::map(fd.get(), workers, true).value()) {}
  UniqueFd fd;
  Pages pages;
};

TrafficCounters& counters_of(const Pages& pages, std::size_t worker, Transport transport,
                             std::size_t service) {
  return pages.workers()[worker].traffic[static_cast<std::size_t>(transport)][service];
}

const std::vector<Service> kServices{
    {Family::V4, "192.0.2.1"}, {Family::V6, "2001:db8::1"}, {Family::V4, "192.0.2.2"}};

void set_name(NameTable& table, std::size_t place, std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) table.names[place][i].store(name[i]);
}

TEST(Counts, TheVisitorOfTheseTestsMissesNothing) {
  Traffic traffic;
  const std::size_t visited = visit(traffic, [](std::uint64_t&, std::size_t) {});
  EXPECT_EQ(visited * sizeof(std::uint64_t), sizeof(Traffic));
  EXPECT_EQ(visited * sizeof(Counter), sizeof(TrafficCounters));
}

TEST(Counts, EachPathIsTheSumOverWorkers) {
  const Shared shared(3);
  for (std::size_t worker = 0; worker < 3; ++worker) {
    for (std::size_t service = 0; service < kServices.size(); ++service) {
      fill(counters_of(shared.pages, worker, Transport::Udp, service), (service + 1) << 8 * worker);
      fill(counters_of(shared.pages, worker, Transport::Tcp, service), (service + 11) << 8 * worker);
    }
  }
  const Counts counts = read_counts(shared.pages, kServices);
  ASSERT_EQ(counts.paths.size(), 6U);
  std::set<std::pair<Transport, std::string>> seen;
  for (const Path& path : counts.paths) {
    const std::string trace = std::string(to_string(path.transport)) + " to " + path.service.address;
    SCOPED_TRACE(trace);
    const auto known = std::ranges::find(kServices, path.service.address, &Service::address);
    ASSERT_NE(known, kServices.end());
    EXPECT_EQ(path.service.family, known->family);
    const auto place = static_cast<std::uint64_t>(known - kServices.begin());
    const std::uint64_t factor = place + (path.transport == Transport::Udp ? 1 : 11);
    EXPECT_EQ(path.traffic, filled(factor * 0x010101));
    seen.emplace(path.transport, path.service.address);
  }
  EXPECT_EQ(seen.size(), 6U);
}

TEST(Counts, NoMoreServicesThanThereIsRoomFor) {
  const Shared shared(1);
  const std::vector<Service> many(kMaxServices + 3);
  EXPECT_EQ(read_counts(shared.pages, many).paths.size(), 2 * kMaxServices);
  EXPECT_TRUE(read_counts(shared.pages, {}).paths.empty());
}

TEST(Counts, SumsByTransportAndFamilyAndOfAll) {
  Counts counts;
  const std::array<std::uint64_t, 6> factors{1, 10, 100, 1000, 10'000, 100'000};
  std::size_t next = 0;
  for (const Transport transport : kTransports) {
    for (const Service& service : kServices) {
      counts.paths.push_back({transport, service, filled(factors[next++])});
    }
  }
  EXPECT_EQ(sum_of(counts, Transport::Udp, Family::V4), filled(101));
  EXPECT_EQ(sum_of(counts, Transport::Udp, Family::V6), filled(10));
  EXPECT_EQ(sum_of(counts, Transport::Tcp, Family::V4), filled(101'000));
  EXPECT_EQ(sum_of(counts, Transport::Tcp, Family::V6), filled(10'000));
  EXPECT_EQ(sum_of(counts), filled(111'111));
  EXPECT_EQ(sum_of(Counts{}), Traffic{});
}

TEST(Counts, WhatIsOfNoPathIsSummedTooAndTheEpochIsTheMemorys) {
  const Shared shared(2);
  for (std::size_t i = 0; i < 2; ++i) {
    WorkerPage& page = shared.pages.workers()[i];
    std::uint64_t number = 1;
    for (Counter* counter : {&page.denied, &page.probes, &page.send_errors, &page.tcp_connections,
                             &page.tcp_accepted, &page.tcp_rejected}) {
      counter->store(number++ * (i == 0 ? 1 : 100));
    }
    for (std::size_t transport = 0; transport < 2; ++transport) {
      page.times[transport].total_ns.store(transport + i + 5);
      for (std::size_t bin = 0; bin < kTimes; ++bin) page.times[transport].bins[bin].store(bin + transport);
    }
  }
  const Counts counts = read_counts(shared.pages, kServices);
  EXPECT_EQ(counts.epoch, shared.pages.names().epoch.load());
  EXPECT_THAT((std::array{counts.denied, counts.probes, counts.send_errors, counts.tcp_connections,
                          counts.tcp_accepted, counts.tcp_rejected}),
              ElementsAre(101, 202, 303, 404, 505, 606));
  for (std::size_t transport = 0; transport < 2; ++transport) {
    EXPECT_EQ(counts.times[transport].total_ns, 2 * transport + 11);
    for (std::size_t bin = 0; bin < kTimes; ++bin) {
      EXPECT_EQ(counts.times[transport].bins[bin], 2 * (bin + transport)) << bin;
    }
  }
}

TEST(Counts, NamesAndWhatTheyAreAskedFor) {
  const Shared shared(2);
  NameTable& table = shared.pages.names();
  const std::string longest(kNameSize - 1, 'x');
  set_name(table, 1, ".");
  set_name(table, 2, "com.");
  set_name(table, 3, longest);
  set_name(table, 4, "not.yet.");
  table.used.store(4);
  for (std::size_t type = 0; type < kNameTypes; ++type) {
    shared.pages.tables()[0].names[2].types[type].store(type + 1);
    shared.pages.tables()[1].names[2].types[type].store(10);
  }
  shared.pages.tables()[1].names[0].types[kNameTypeOther].store(5);
  shared.pages.tables()[0].names[4].types[0].store(9);
  const auto names = read_counts(shared.pages, kServices).names;
  std::vector<std::pair<std::string, std::uint64_t>> totals;
  for (const NameCount& name : names) totals.emplace_back(name.name, name.total());
  EXPECT_THAT(totals, ElementsAre(std::pair{"", 5}, std::pair{".", 0}, std::pair{"com.", 36 + 80},
                                  std::pair{longest, 0}));
  EXPECT_THAT(names[2].types, ElementsAre(11, 12, 13, 14, 15, 16, 17, 18));
}

TEST(Counts, ANameTableThatSaysItHoldsMoreThanItCan) {
  const Shared shared(1);
  EXPECT_TRUE(read_counts(shared.pages, kServices).names.empty());
  shared.pages.names().used.store(kMaxNames + 100);
  EXPECT_EQ(read_counts(shared.pages, kServices).names.size(), kMaxNames);
}

// Marks the tables of `worker` for `day` and puts something into each.
void write_day(const Pages& pages, std::size_t worker, std::int64_t day, std::uint64_t sources) {
  DayTables& tables = pages.tables()[worker].days[static_cast<std::size_t>(day) % 2];
  tables.day.store(static_cast<std::uint64_t>(day) + 1);
  for (std::uint64_t i = 0; i < sources; ++i) tables.ipv4.add(mix(i + 1000 * worker));
  tables.ipv6.add(mix(4711));
  tables.ipv6_aggregate.add(mix(worker));
  const std::array<std::uint8_t, 5> corp{4, 'c', 'o', 'r', 'p'};
  const std::array<std::uint8_t, 2> own{1, static_cast<std::uint8_t>('a' + worker)};
  tables.missing.note(corp);
  tables.missing.note(corp);
  tables.missing.note(own);
}

TEST(Counts, SourcesAndMissingNamesOfTheDayThatIsAskedFor) {
  constexpr std::int64_t kToday = 20'785;
  const Shared shared(3);
  write_day(shared.pages, 0, kToday, 3);
  write_day(shared.pages, 1, kToday, 4);
  write_day(shared.pages, 0, kToday - 1, 9);
  write_day(shared.pages, 2, kToday - 2, 20);  // has not been asked anything since
  const struct {
    const char* description;
    std::int64_t day;
    long v4, v6, aggregate;
    std::vector<std::string> missing;
  } cases[] = {
      {"today, of two workers", kToday, 7, 1, 2, {"corp 4", "a 1", "b 1"}},
      {"yesterday, of one", kToday - 1, 9, 1, 1, {"corp 2", "a 1"}},
      {"the day before, of the one that still has it", kToday - 2, 20, 1, 1, {"corp 2", "c 1"}},
      {"tomorrow", kToday + 1, 0, 0, 0, {}},
      {"long ago", kToday - 30, 0, 0, 0, {}},
      {"the first day of all", 0, 0, 0, 0, {}},
      {"before it: the mark of a table that has none", -1, 0, 0, 0, {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.description);
    const Sources sources = read_sources(shared.pages, c.day);
    EXPECT_EQ(std::lround(sources.ipv4.estimate()), c.v4);
    EXPECT_EQ(std::lround(sources.ipv6.estimate()), c.v6);
    EXPECT_EQ(std::lround(sources.ipv6_aggregate.estimate()), c.aggregate);
    std::vector<std::string> missing;
    for (const MissingName& name : read_missing(shared.pages, c.day, 10)) {
      missing.push_back(name.label + " " + std::to_string(name.count));
    }
    EXPECT_EQ(missing, c.missing);
  }
  EXPECT_EQ(read_missing(shared.pages, kToday, 1).size(), 1U);
}

TEST(Counts, SourcesMergeEachWithItsOwn) {
  const Shared shared(3);
  write_day(shared.pages, 0, 7, 3);
  write_day(shared.pages, 1, 8, 4);
  Sources sum = read_sources(shared.pages, 7);
  sum.merge(read_sources(shared.pages, 8));
  EXPECT_EQ(std::lround(sum.ipv4.estimate()), 7);
  EXPECT_EQ(std::lround(sum.ipv6.estimate()), 1);
  EXPECT_EQ(std::lround(sum.ipv6_aggregate.estimate()), 2);
}

}  // namespace
}  // namespace imrs::counts
