// Any octets as a zone file: refused, or a zone that holds what a zone has to, and nothing outside of it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/base/unique_fd.h"
#include "dns/wire/protocol.h"
#include "dns/zone/canonical.h"
#include "dns/zone/parse.h"
#include "tests/fuzz/expect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imrs;
  const UniqueFd file(::memfd_create("zone", MFD_CLOEXEC));
  fuzz::expect(::write(file.get(), data, size) == static_cast<ssize_t>(size), "the file is written");
  const wire::Name origin = wire::Name::parse("example.").value();
  const auto zone = zone::parse_file("/proc/self/fd/" + std::to_string(file.get()), origin);
  if (!zone) {
    fuzz::expect(!zone.error().message.empty(), "a refusal has a reason");
    return 0;
  }
  fuzz::expect(zone->nodes.at(origin).at(wire::rrtype::SOA).rdata.size() == 1, "one SOA at the apex");
  for (const auto& [owner, node] : zone->nodes) {
    fuzz::expect(owner.is_within(origin) && !node.empty(), "only names of the zone that own records");
    for (const auto& [type, set] : node) {
      for (const auto& rdata : set.rdata) fuzz::expect(zone::well_formed(type, rdata), "rdata of its type");
    }
  }
  return 0;
}
