// tests/dns/audit/lab.h
// Three small zones, signed here with a fresh key, their image and their auditor. For tests only: ends the
// program with a message when something of its own goes wrong.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dns/audit/audit.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::test {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::int64_t kLabTime = 1798000000;  // 2026-12-22; the signatures hold from 2020 to 2038
inline constexpr std::uint32_t kLabUntil = 2147000000;

struct LabZone {
  std::string origin;
  std::string file;  // in the lab's directory
  std::string anchor_file;
  bool secure = true;
};

class AuditLab {
 public:
  explicit AuditLab(std::uint32_t arpa_until = kLabUntil);  // `arpa_until`: when arpa.'s signatures end

  [[nodiscard]] const std::vector<LabZone>& zones() const { return zones_; }
  [[nodiscard]] const Octets& image() const { return image_; }
  // The records of all zones, or of one, as imrs-zone sends them.
  [[nodiscard]] const Octets& contents() const { return contents_; }
  [[nodiscard]] const Octets& contents_of(const std::string& origin) const { return each_.at(origin); }
  [[nodiscard]] const TempDir& dir() const { return dir_; }
  // The zones as the auditor reads them, and one auditor for all.
  [[nodiscard]] std::vector<audit::ZoneInput> inputs() const;
  [[nodiscard]] audit::Records anchors() const;
  [[nodiscard]] audit::Auditor auditor() const;

 private:
  TempDir dir_;
  std::vector<LabZone> zones_;
  Octets image_, contents_;
  std::map<std::string, Octets> each_;
};

struct GoldenImage {
  Octets image, contents;
};

// The golden root zone `name`.zone, verified by `name`.ds.
[[nodiscard]] GoldenImage compile_golden(const std::string& name);

}  // namespace imrs::test
