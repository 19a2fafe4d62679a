// dns/pipeline/store.h
// The last good version of each zone on disk, so that an instance that has lost its power or its primaries
// goes on with it. Two generations: whatever happens while one is written, the other is whole. What is read
// is trusted no more than what a primary sends: verify() decides.
//
//   DIRECTORY/clock, DIRECTORY/clock.before    trusted Unix time in decimal (agent/wall_clock.h)
//   DIRECTORY/NAME.zone, DIRECTORY/NAME.zone.before    NAME: the origin without its last dot, the root is "@"
//   magic | Unix time of the last confirmation, 64 bits | zone (dns/audit/zone_contents.h) | SHA-256 of these
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/zone/zone.h"

namespace imrs::pipeline {

struct StoredZone {
  zone::Zone zone;
  std::int64_t confirmed = 0;  // trusted Unix time at which a primary last had just this version
};

// `contents`: zone_contents() of one zone.
[[nodiscard]] std::vector<std::uint8_t> encode_stored_zone(std::span<const std::uint8_t> contents,
                                                           std::int64_t confirmed);
// Safe on any octets. Errc::InvalidInput: cut, damaged, of another version or another zone; says which.
[[nodiscard]] Result<StoredZone> decode_stored_zone(std::span<const std::uint8_t> octets,
                                                    const wire::Name& origin);

class Store {
 public:
  // `directory` is there and may be written to.
  explicit Store(std::string directory) : directory_(std::move(directory)) {}

  // Writes a new generation and keeps the last one: temporary name, fsync, renames, fsync of the directory.
  // After an error, and after a power cut at any moment, what was there is there still, or the new one.
  // Blocks as long as the disk does.
  [[nodiscard]] Result<void> save(const std::string& file, std::span<const std::uint8_t> content) const;

  // The name of a zone's file in the directory.
  [[nodiscard]] static std::string file_of(const wire::Name& origin);

  // The newest generation that is whole. Errc::Unavailable: nothing was ever saved; another error: something
  // was, and none of it can be used; says why of each.
  [[nodiscard]] Result<StoredZone> load(const wire::Name& origin) const;

 private:
  std::string directory_;
};

}  // namespace imrs::pipeline
