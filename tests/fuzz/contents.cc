// Any octets as the records of zones for the auditor: read or refused, and what was read can be looked at as
// zones.
#include <cstddef>
#include <cstdint>
#include <utility>

#include "dns/audit/reference.h"
#include "dns/audit/zone_contents.h"
#include "tests/fuzz/expect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace imrs::audit;
  auto zones = read_zone_contents({data, size});
  if (!zones) return 0;
  for (ZoneInput& zone : *zones) {
    const std::size_t records = count_of(zone.records);
    const auto reference = Reference::make(std::move(zone));
    imrs::fuzz::expect(!reference || reference->record_count() <= records, "no record that was not there");
  }
  return 0;
}
