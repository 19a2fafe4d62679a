// Applies differences to a zone. Called for what IXFR brings. It must never make a zone out of differences
// that belong to another one: whoever asked gets the whole zone then.
#include "dns/zone/changes.h"

#include <utility>

#include "dns/wire/text.h"
#include "dns/zone/parse.h"

namespace imrs::zone {
namespace {

Error mismatch(const ZoneRecord& record, std::string_view what) {
  return Error{Errc::Refused, "differences: " + record.owner.text() + " " + wire::type_text(record.type) +
                                  " is " + std::string(what) +
                                  "; they do not belong to the version that is served"};
}

Result<void> apply(ZoneBuilder& zone, const Change& change) {
  for (const ZoneRecord& record : change.removed) {
    if (!zone.remove(record.owner, record.type, record.ttl, record.rdata)) {
      return mismatch(record, "to be removed and is not there");
    }
  }
  for (const ZoneRecord& record : change.added) {
    auto added = zone.add_new(record.owner, record.type, record.ttl, record.rdata);
    if (!added) return added.error();
    if (!*added) return mismatch(record, "to be added and is there already");
  }
  return {};
}

}  // namespace

Result<Zone> apply_changes(Zone zone, std::span<const Change> changes, std::size_t most_memory) {
  ZoneBuilder builder(std::move(zone), most_memory);
  for (const Change& change : changes) {
    if (auto applied = apply(builder, change); !applied) return applied.error();
  }
  return std::move(builder).finish();
}

}  // namespace imrs::zone
