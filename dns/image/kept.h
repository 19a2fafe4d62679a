// dns/image/kept.h
// An image on disk that has passed its audit, so that an instance that starts answers at once. The auditor
// writes it, and the agent uses it only if it is whole and was judged by the same settings, trust anchors and
// program version as hold now.
//
//   magic | Unix time of the audit, 64 bits | basis | digest of the image | SHA-256 of these | image
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/messages.h"
#include "agent/base/result.h"

namespace imrs::image {

inline constexpr std::size_t kKeptHeaderSize = 112;

struct KeptHeader {
  std::int64_t audited = 0;  // trusted Unix time
  Digest basis{};            // basis_of() what it was judged by
  Digest image{};
};

[[nodiscard]] std::vector<std::uint8_t> encode_kept_header(const KeptHeader& header);
// Safe on any octets. Errc::InvalidInput: cut, damaged or of another version.
[[nodiscard]] Result<KeptHeader> decode_kept_header(std::span<const std::uint8_t> octets);

// A digest of everything that an audit's verdict depends on besides the image and the time: the auditor's
// settings, the trust anchors' files, the version. Errc::System: a file cannot be read; names it.
[[nodiscard]] Result<Digest> basis_of(std::string_view settings, std::span<const std::string> anchor_files,
                                      std::string_view version);

}  // namespace imrs::image
