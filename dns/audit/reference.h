// dns/audit/reference.h
// A zone as the audit knows it: what ldns has read, by name, and what each name is. Made from records only;
// it shares nothing with dns/zone and the compiler, so that an error of theirs is not repeated here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "agent/base/result.h"
#include "dns/audit/records.h"
#include "dns/wire/name.h"

namespace imrs::audit {

using Index = std::uint32_t;

struct Record {
  const ldns_struct_rr* rr = nullptr;
  std::string key;      // owner, type and rdata, names in lower case
  std::string spelled;  // the same in the zone's own letters; empty if they are those of the key
  std::uint32_t ttl = 0;
  Index set = 0;
};

// An RRset; RRSIGs are in the set that they cover.
struct Set {
  Index owner = 0;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::vector<Index> records, signatures;
};

enum class Kind : std::uint8_t {
  Authoritative,
  Delegation,
  EmptyNonTerminal,  // owns nothing, but a name below it is one of the two above
  Below,             // at or below a delegation: glue
};

struct Entry {
  wire::Name name;
  Kind kind = Kind::Authoritative;
  std::vector<Index> sets;
};

struct Soa {
  std::uint32_t serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;
};

// Looks up by view without making a string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

class Reference {
 public:
  // Refuses what cannot be a zone of this server: records outside the origin or of another class, no SOA,
  // differing TTLs in a set, CNAME, DNAME, wildcards, NSEC3.
  [[nodiscard]] static Result<Reference> make(ZoneInput input);

  [[nodiscard]] const wire::Name& origin() const noexcept { return input_.origin; }
  [[nodiscard]] bool secure() const noexcept { return input_.secure; }
  [[nodiscard]] bool checks_zonemd() const noexcept { return input_.check_zonemd; }
  // The zone has NSEC records, so that answers with DO carry proofs.
  [[nodiscard]] bool has_nsec() const noexcept { return has_nsec_; }
  [[nodiscard]] const Soa& soa() const noexcept { return soa_; }

  [[nodiscard]] const Record& record(Index index) const { return records_[index]; }
  [[nodiscard]] std::size_t record_count() const noexcept { return records_.size(); }
  [[nodiscard]] const Set& set(Index index) const { return sets_[index]; }
  [[nodiscard]] std::size_t set_count() const noexcept { return sets_.size(); }
  [[nodiscard]] const Entry& entry(Index index) const { return entries_[index]; }
  // In canonical order.
  [[nodiscard]] const std::vector<Index>& names() const noexcept { return order_; }
  [[nodiscard]] std::size_t count(Kind kind) const;

  // Null if there is none.
  [[nodiscard]] const Set* set_at(const Entry& entry, std::uint16_t type) const;
  [[nodiscard]] const Entry* find(const wire::Name& name) const;
  [[nodiscard]] const Record* find_record(std::string_view key, Index& index) const;

  // Where the way from the apex down to `name` ends.
  struct Place {
    const Entry* entry = nullptr;     // the name itself; null: it does not exist
    const Entry* cut = nullptr;       // the delegation at or above it; then nothing else is looked at
    const Entry* encloser = nullptr;  // the last name on the way that exists
  };
  [[nodiscard]] Place locate(const wire::Name& name) const;

  // True if one of the zone's records has a label written with exactly these letters.
  [[nodiscard]] bool spells(std::string_view label) const;

 private:
  Result<void> add(const ldns_struct_rr* rr);
  Result<void> read_soa();
  Result<void> classify();
  void add_empty_non_terminals();
  [[nodiscard]] const Entry* find_lower(std::string_view name) const;
  Index entry_for(const wire::Name& name);
  Index set_for(Index entry, std::uint16_t type);

  ZoneInput input_;
  std::vector<Record> records_;
  std::vector<Set> sets_;
  std::vector<Entry> entries_;
  std::vector<Index> order_;
  std::unordered_map<std::string, Index, TextHash, std::equal_to<>> by_name_;  // lower-case wire name
  std::unordered_map<std::string_view, Index> by_key_;  // into records_' keys: filled when they are complete
  mutable std::unordered_set<std::string> spelled_labels_;  // filled when first asked for
  Soa soa_;
  bool has_nsec_ = false;
};

// Appends what a Record's key or `spelled` is made of.
void append_key(const ldns_struct_rr* rr, std::string& out);
void append_spelled(const ldns_struct_rr* rr, std::string& out);

// "com. NS"
[[nodiscard]] std::string describe(const Reference& zone, const Record& record);

// The zone that has to answer, as RFC 1034 section 4.3.2 and RFC 4035 section 3.1.4.1 (DS at an apex: its
// parent's zone) choose it; null: none does.
[[nodiscard]] const Reference* zone_for(const std::vector<Reference>& zones, const wire::Name& name,
                                        std::uint16_t type);

}  // namespace imrs::audit
