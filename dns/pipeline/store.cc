// Files of zones. Called by the pipeline at its start and by the keeper's thread. A file is used whole or not
// at all: its last octets say whether it is.
#include "dns/pipeline/store.h"

#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"
#include "dns/wire/bytes.h"
#include "dns/wire/protocol.h"
#include "dns/zone/parse.h"

namespace imrs::pipeline {
namespace {

using Octets = std::span<const std::uint8_t>;

constexpr std::array<std::uint8_t, 8> kMagic{'I', 'M', 'R', 'S', 'Z', 'O', 'N', '1'};
constexpr std::size_t kMaxFile = 64U << 20;  // octets; the root zone takes 2 MB

Error unusable(std::string_view why) { return Error{Errc::InvalidInput, std::string(why)}; }

std::array<std::uint8_t, SHA256_DIGEST_LENGTH> sha256(Octets octets) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
  ::SHA256(octets.data(), octets.size(), digest.data());
  return digest;
}

Result<wire::Name> read_name(wire::ByteReader& reader) {
  auto name = wire::Name::from_wire(reader.rest());
  if (name) reader.skip(name->size());
  return name;
}

Result<zone::Zone> read_zone(wire::ByteReader& reader, const wire::Name& origin) {
  auto got = read_name(reader);
  if (!got) return got.error();
  if (*got != origin) return unusable("it holds the zone " + got->text());
  zone::ZoneBuilder builder(origin);
  const std::uint32_t count = reader.u32();
  for (std::uint32_t i = 0; i < count; ++i) {
    auto owner = read_name(reader);
    if (!owner) return owner.error();
    const std::uint16_t type = reader.u16();
    const std::uint16_t rclass = reader.u16();
    const std::uint32_t ttl = reader.u32();
    const auto rdata = reader.take(reader.u16());
    if (!reader.ok() || rclass != wire::rrclass::IN) return unusable("a record of it cannot be read");
    if (auto added = builder.add(*owner, type, ttl, rdata); !added) return added.error();
  }
  if (!reader.ok() || reader.remaining() != 0) return unusable("its records do not end where it does");
  return std::move(builder).finish();
}

Result<std::vector<std::uint8_t>> read_file(const std::string& path) {
  auto fd = open_regular_file(path);
  if (!fd) return fd.error();
  struct stat status {};
  if (::fstat(fd->get(), &status) != 0) return system_error(path);
  if (status.st_size > static_cast<off_t>(kMaxFile)) return unusable(path + " is larger than 64 MiB");
  std::vector<std::uint8_t> octets(static_cast<std::size_t>(status.st_size));
  for (std::size_t done = 0; done < octets.size();) {
    const ssize_t n = ::read(fd->get(), octets.data() + done, octets.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read " + path);
    if (n == 0) return unusable(path + " ends early");
    done += static_cast<std::size_t>(n);
  }
  return octets;
}

Result<StoredZone> load_file(const std::string& path, const wire::Name& origin) {
  auto octets = read_file(path);
  if (!octets) return octets.error();
  auto stored = decode_stored_zone(*octets, origin);
  return stored ? std::move(stored) : stored.error().within(path);
}

}  // namespace

std::vector<std::uint8_t> encode_stored_zone(Octets contents, std::int64_t confirmed) {
  std::vector<std::uint8_t> out;
  wire::ByteWriter writer(out);
  writer.put(kMagic);
  writer.u32(static_cast<std::uint32_t>(static_cast<std::uint64_t>(confirmed) >> 32));
  writer.u32(static_cast<std::uint32_t>(confirmed));
  writer.put(contents);
  writer.put(sha256(out));
  return out;
}

Result<StoredZone> decode_stored_zone(Octets octets, const wire::Name& origin) {
  if (octets.size() < kMagic.size() + SHA256_DIGEST_LENGTH) return unusable("it is cut");
  const Octets body = octets.first(octets.size() - SHA256_DIGEST_LENGTH);
  if (!std::ranges::equal(body.first(kMagic.size()), kMagic)) return unusable("it is of another version");
  if (!std::ranges::equal(sha256(body), octets.last(SHA256_DIGEST_LENGTH))) {
    return unusable("it is cut or damaged (SHA-256 differs)");
  }
  wire::ByteReader reader(body.subspan(kMagic.size()));
  StoredZone stored;
  const std::uint64_t high = reader.u32();
  stored.confirmed = static_cast<std::int64_t>(high << 32 | reader.u32());
  auto zone = read_zone(reader, origin);
  if (!zone) return zone.error();
  stored.zone = std::move(*zone);
  return stored;
}

Result<void> Store::save(const std::string& file, Octets content) const {
  return save_generation(directory_ + "/" + file, content);
}

Result<StoredZone> Store::load(const wire::Name& origin) const {
  const std::string path = directory_ + "/" + file_of(origin);
  auto newest = load_file(path, origin);
  if (newest) return newest;
  auto before = load_file(path + ".before", origin);
  if (before) return before;
  const bool nothing = newest.error().code == Errc::Unavailable && before.error().code == Errc::Unavailable;
  return nothing ? newest : Error{Errc::InvalidInput, newest.error().message + "; " + before.error().message};
}

std::string Store::file_of(const wire::Name& origin) {
  std::string name = origin.is_root() ? "@." : origin.lower().text();
  name.pop_back();
  return name + ".zone";
}

}  // namespace imrs::pipeline
