// The header of an image on disk. Called by the auditor, which writes it, and by the agent at its start. It
// must never make an image look audited that is not the very one.
#include "dns/image/kept.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "dns/wire/bytes.h"

namespace imrs::image {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic{'I', 'M', 'R', 'S', 'K', 'P', 'T', '1'};
constexpr std::size_t kDigested = kKeptHeaderSize - SHA256_DIGEST_LENGTH;

Digest sha256(std::span<const std::uint8_t> octets) {
  Digest digest{};
  ::SHA256(octets.data(), octets.size(), digest.data());
  return digest;
}

Digest take_digest(wire::ByteReader& reader) {
  Digest digest{};
  const auto octets = reader.take(digest.size());
  std::ranges::copy(octets, digest.begin());
  return digest;
}

void append(std::vector<std::uint8_t>& out, std::string_view text) {
  wire::ByteWriter writer(out);
  writer.u32(static_cast<std::uint32_t>(text.size()));  // so that the pieces cannot be cut otherwise
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

std::vector<std::uint8_t> encode_kept_header(const KeptHeader& header) {
  std::vector<std::uint8_t> out;
  wire::ByteWriter writer(out);
  writer.put(kMagic);
  writer.u32(static_cast<std::uint32_t>(static_cast<std::uint64_t>(header.audited) >> 32));
  writer.u32(static_cast<std::uint32_t>(header.audited));
  writer.put(header.basis);
  writer.put(header.image);
  writer.put(sha256(out));
  return out;
}

Result<KeptHeader> decode_kept_header(std::span<const std::uint8_t> octets) {
  const auto unusable = [](std::string_view why) { return Error{Errc::InvalidInput, std::string(why)}; };
  if (octets.size() < kKeptHeaderSize) return unusable("it is cut");
  const auto digested = octets.first(kDigested);
  if (!std::ranges::equal(digested.first(kMagic.size()), kMagic)) return unusable("it is of another version");
  if (!std::ranges::equal(sha256(digested), octets.subspan(kDigested, SHA256_DIGEST_LENGTH))) {
    return unusable("its header is damaged (SHA-256 differs)");
  }
  wire::ByteReader reader(digested.subspan(kMagic.size()));
  KeptHeader header;
  const std::uint64_t high = reader.u32();
  header.audited = static_cast<std::int64_t>(high << 32 | reader.u32());
  header.basis = take_digest(reader);
  header.image = take_digest(reader);
  return header;
}

Result<Digest> basis_of(std::string_view settings, std::span<const std::string> anchor_files,
                        std::string_view version) {
  std::vector<std::uint8_t> all;
  append(all, settings);
  append(all, version);
  for (const std::string& path : anchor_files) {
    std::ifstream file(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    if (!file) return system_error(path, file.is_open() ? EIO : ENOENT);
    append(all, content);
  }
  return sha256(all);
}

}  // namespace imrs::image
