// Judges the machine. Called by checks.cc with what the kernel says.
#include "agent/preflight/host_points.h"

#include <fmt/format.h>

#include <cstdlib>

#include "agent/preflight/words.h"

namespace imrs::preflight {
namespace {

constexpr std::uint64_t kMi = 1 << 20, kGi = 1 << 30;

struct Needs {
  const char* name;
  std::int64_t speed;    // Mbit/s, full duplex
  std::uint64_t memory;  // octets
  std::uint32_t processors;
};

// The speeds are what the appliances are for. Memory and processors: several times what the programs take
// with the root zone, so that a flood and the compilation of a new image fit beside each other.
Needs needs_of(Appliance appliance) {
  return appliance == Appliance::Pandora ? Needs{"pandora", 10000, 8 * kGi, 8}
                                         : Needs{"calypso", 1000, 2 * kGi, 2};
}

constexpr std::int64_t kMostOffset = 100'000;  // microseconds
// The kernel adds 500 ppm to the error until a time server is heard again. systemd-timesyncd asks one each
// 2048 s at most, so that 1.024 s is normal; 4 s is more than two hours without any.
constexpr std::int64_t kMostError = 4'000'000;               // microseconds
constexpr std::uint32_t kLeastMtu = 1280, kUsualMtu = 1500;  // octets
constexpr std::uint64_t kLeastDisk = kGi;  // zones and images in two generations, a year of RSSAC002
constexpr std::uint64_t kLeastFiles = 10'000;
constexpr std::uint64_t kLeastAvailable = 512 * kMi;

std::string milliseconds(std::int64_t us) { return fmt::format("{:.1f} ms", static_cast<double>(us) / 1000); }

std::string nic_text(const Nic& nic) {
  if (!nic.there) return nic.name + " is not there";
  if (nic.mtu == 0) return nic.name + " is not shown in /sys/class/net";
  if (!nic.carrier) return nic.name + " has no carrier";
  const std::string speed = nic.speed ? fmt::format("{} Mbit/s", *nic.speed)
                                      : "a speed its driver does not say";
  return fmt::format("{}: {}{}", nic.name, speed, nic.duplex.empty() ? "" : ", duplex " + nic.duplex);
}

Verdict speed_verdict(const Nic& nic, std::int64_t least) {
  if (!nic.there) return Verdict::Fail;
  if (nic.mtu == 0) return Verdict::Unknown;
  if (!nic.carrier || nic.duplex == "half") return Verdict::Fail;
  if (!nic.speed) return Verdict::Unknown;
  return *nic.speed >= least ? Verdict::Pass : Verdict::Fail;
}

Finding no_nic() {
  return unknown("no interface is known that leads to a neighbour or to the clients",
                 "set the addresses and routes up first; see own-addresses and default-routes");
}

}  // namespace

Finding judge_clock(const Result<ClockFacts>& facts) {
  constexpr const char* kRemedy = "chronyc tracking, or timedatectl: is there a time server that answers?";
  if (!facts) return unknown(facts.error().message, kRemedy);
  const std::string seen = fmt::format("{}, {} off, error at most {}",
                                       facts->synchronised ? "synchronised" : "not synchronised",
                                       milliseconds(facts->offset_us), milliseconds(facts->max_error_us));
  const bool good = facts->synchronised && std::abs(facts->offset_us) <= kMostOffset &&
                    facts->max_error_us <= kMostError;
  return good ? pass(seen) : fail(seen, kRemedy);
}

Finding judge_speed(std::span<const Nic> nics, Appliance appliance) {
  if (nics.empty()) return no_nic();
  const Needs needs = needs_of(appliance);
  const std::string wanted = fmt::format("a {} needs {} Mbit/s and full duplex", needs.name, needs.speed);
  std::vector<std::string> good, bad, unseen;
  for (const Nic& nic : nics) {
    const Verdict verdict = speed_verdict(nic, needs.speed);
    auto& list = verdict == Verdict::Pass ? good : verdict == Verdict::Fail ? bad : unseen;
    list.push_back(nic_text(nic));
  }
  if (!bad.empty())
    return fail(joined(bad) + "; " + wanted, "cable, optics and the port on the other side: ethtool");
  if (!unseen.empty()) {
    return unknown(joined(unseen) + "; " + wanted,
                   "look at the port on the other side; a virtual one has no speed");
  }
  return pass(joined(good));
}

Finding judge_mtu(std::span<const Nic> nics) {
  if (nics.empty()) return no_nic();
  std::vector<std::string> seen;
  bool small = false, noted = false, unseen = false;
  for (const Nic& nic : nics) {
    const bool known = nic.there && nic.mtu > 0;
    seen.push_back(known ? fmt::format("{}: {}", nic.name, nic.mtu) : nic_text(nic));
    unseen = unseen || !known;
    small = small || (known && nic.mtu < kLeastMtu);
    noted = noted || (known && nic.mtu < kUsualMtu);
  }
  if (small) return fail(joined(seen), "IPv6 needs an MTU of 1280 octets: ip link set IF mtu 1500");
  if (unseen) return unknown(joined(seen), "ip link");
  return pass(joined(seen) + (noted ? "; responses fit (1232 octets by UDP), 1500 would be usual" : ""));
}

Finding judge_disk(const Result<DiskFacts>& facts) {
  if (!facts)
    return fail(facts.error().message, "set \"state_directory\": without one nothing outlives a power cut");
  std::string seen = fmt::format("{}{}: {} of {} free", facts->directory,
                                 facts->there ? "" : " (not made yet; the file system it would be on)",
                                 size_text(facts->available), size_text(facts->total));
  if (facts->in_memory)
    return fail(seen + ", in memory", "put it on a disk: what is in memory ends with the power");
  if (facts->read_only) return fail(seen + ", read-only", "dmesg: has the file system or the disk an error?");
  if (!facts->write_error.empty())
    return fail(seen + "; " + facts->write_error, "dmesg: has the disk an error?");
  if (facts->available < kLeastDisk) return fail(seen, "make room: 1 GiB has to be free");
  if (facts->total_files > 0 && facts->available_files < kLeastFiles) {
    return fail(seen + fmt::format(", room for {} files", facts->available_files),
                "remove small files: df -i");
  }
  return pass(seen + (facts->there ? ", a file was written and synced" : ""));
}

Finding judge_memory(const Result<MemoryFacts>& facts, Appliance appliance) {
  if (!facts) return unknown(facts.error().message, "free -m");
  const Needs needs = needs_of(appliance);
  const std::string swap = facts->swap == 0
                               ? "no swap"
                               : size_text(facts->swap) + " of swap, which is better off: secrets";
  const std::string seen = fmt::format("{}, {} available, {}", size_text(facts->total),
                                       size_text(facts->available), swap);
  // The kernel keeps some of what is in the machine for itself.
  if (facts->total < needs.memory / 10 * 9) {
    return fail(seen, fmt::format("a {} needs {}", needs.name, size_text(needs.memory)));
  }
  if (facts->available < kLeastAvailable) return fail(seen, "what takes it? ps --sort=-rss -eo rss,comm");
  return pass(seen);
}

Finding judge_processors(std::uint32_t processors, std::uint32_t workers, Appliance appliance) {
  const Needs needs = needs_of(appliance);
  const std::string seen = fmt::format("{} processors, {} workers of the engine", processors, workers);
  if (processors < needs.processors) {
    return fail(seen, fmt::format("a {} needs {} processors", needs.name, needs.processors));
  }
  if (workers > processors) return fail(seen, "leave \"engine.workers\" out: one for each processor");
  return pass(seen);
}

}  // namespace imrs::preflight
