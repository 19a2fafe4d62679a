// dns/image/layout.h
// The answer image, octet by octet. One flat, position-independent file; every offset counts octets from
// its start; 0 as an offset means "none". Numbers are in the machine's byte order (kByteOrder tells a
// foreign one), DNS octets in network order. All structures are aligned to 8 octets.
//
//   FileHeader | ZoneRecord × zones | per zone: Body…, each Node with its TypeAnswers and its name, Slot ×
//   slots, Sorted × names
//
// A body is what follows the question in a response, without the OPT record, ready to be copied. The
// owner the question asks about ends four octets before the body (QTYPE, QCLASS), so that pointers into
// the question and pointers within the body all move by the same amount: the body's start in the
// message. A pointer is stored as (target - body start) modulo 2^14 and patched by
//   0xC000 | ((stored + body start) & 0x3FFF).
// Pieces (the NSEC records of a name error) have no pointers and may be appended to any body.
//
// The sum of a cut serves whoever patches a UDP checksum instead of computing it (XDP): patched for a body
// that starts at `s`, it is sum + (s + 0xC000) * (256 * even_fixups + odd ones) modulo 65535, for stored
// pointers are network order in little-endian words; 256 times that if the body starts at an odd offset.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace imrs::image {

inline constexpr std::array<char, 8> kMagic{'I', 'M', 'R', 'S', 'I', 'M', 'G', '\0'};
inline constexpr std::uint32_t kFormatVersion = 4;
inline constexpr std::uint32_t kByteOrder = 0x01020304;
inline constexpr std::uint32_t kMaxZones = 16;
inline constexpr std::uint32_t kMaxImageSize = 64U << 20;  // octets; the root zone takes about 3 MB
inline constexpr std::uint32_t kMaxBodySize = 60000;       // octets; fits a TCP message with its question
inline constexpr std::uint32_t kMaxProbes = 16;            // slots looked at, at most
inline constexpr std::size_t kMaxFixups = 1000;

struct FileHeader {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t byte_order;
  std::uint64_t size;                   // of the whole file
  std::array<std::uint8_t, 32> digest;  // of the file with this field zeroed (digest.h)
  std::uint32_t zone_count;
  std::uint32_t zones;  // ZoneRecord × zone_count, deepest origin first
};

enum ZoneFlags : std::uint32_t { kDnssecVerified = 1, kZonemdVerified = 2, kSigned = 4 };

struct ZoneRecord {
  std::uint32_t origin;       // name in lower case
  std::uint32_t origin_size;  // octets
  std::uint32_t serial, refresh, retry, expire;
  std::int64_t first_signature_end;  // Unix time, 0: none
  std::uint32_t flags;
  std::uint32_t delegations;
  std::uint32_t names;
  std::uint32_t apex;        // Node
  std::uint32_t slots;       // Slot × slot_count
  std::uint32_t slot_count;  // a power of two
  std::uint32_t sorted;      // Sorted × sorted_count, canonical order
  std::uint32_t sorted_count;
  std::array<std::uint32_t, 2> name_error;  // Body: SOA (plain; with RRSIG), rcode NXDOMAIN
};

// Open addressing, linear, by hash of the lower-cased wire name.
struct Slot {
  std::uint32_t hash;
  std::uint32_t node;  // 0: empty
};

// A name that has an NSEC or would have one: the predecessor of a name that does not exist.
struct Sorted {
  std::uint64_t prefix;  // first 8 octets of the label below the origin, lower case,
                         // zero-padded, as a big-endian number; 0 for the apex
  std::uint32_t name;
  std::uint32_t nsec;  // piece: NSEC and its RRSIGs; 0 if the zone is not signed
};

enum class NodeKind : std::uint32_t { Authoritative = 1, Delegation = 2, EmptyNonTerminal = 3 };

// Answers come in pairs: [0] without DO, [1] with DO.
struct Node {
  std::uint32_t name;  // lower case
  std::uint32_t name_size;
  NodeKind kind;
  std::uint32_t type_count;               // TypeAnswer × type_count follow the node
  std::array<std::uint32_t, 2> referral;  // Delegation
  std::array<std::uint32_t, 2> ds;        // Delegation: DS or its absence
  std::array<std::uint32_t, 2> no_data;   // the others
  std::uint32_t wildcard_nsec;            // piece that denies "*." + name; 0: none or not signed
  std::uint32_t number;                   // Delegation: 1 to the zone's `delegations`, canonical order; or 0
};

struct TypeAnswer {
  std::uint32_t type;
  std::array<std::uint32_t, 2> body;
  std::uint32_t reserved;
};

// Followed by Cut × cut_count, uint16 × fixup_count, then `size` octets.
struct Body {
  std::uint32_t size;
  std::uint16_t flags;  // AA and rcode, host order
  std::uint16_t answers, authorities, additionals;
  std::uint16_t fixup_count;  // offsets of pointers in the body
  std::uint16_t cut_count;    // at least 1; the last one is the whole body
};

// Where the additional section may end without the response being truncated: before the first cut only
// with TC, for in-domain glue must not be left off (RFC 9471).
struct Cut {
  std::uint16_t size;
  std::uint16_t additionals;
  std::uint16_t fixups;       // pointers before the cut: the first of the body's
  std::uint16_t even_fixups;  // of these, at even offsets
  std::uint16_t sum;          // word_sum() of the octets as stored
  std::uint16_t reserved;
};

static_assert(sizeof(FileHeader) == 64 && sizeof(Slot) == 8 && sizeof(Sorted) == 16);
static_assert(sizeof(Node) == 48 && sizeof(TypeAnswer) == 16 && sizeof(Body) == 16 && sizeof(Cut) == 12);
static_assert(sizeof(ZoneRecord) % 8 == 0);

// FNV-1a, 32 bit, over a lower-cased wire name.
[[nodiscard]] constexpr std::uint32_t name_hash(const std::uint8_t* name, std::size_t size) noexcept {
  std::uint32_t hash = 2166136261U;
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ name[i]) * 16777619U;
  return hash;
}

static_assert(std::endian::native == std::endian::little, "word_total loads words as they lie in memory");

// The sum of octets[from, end) as little-endian words of the whole, at even offsets. At most 2^48 octets.
[[nodiscard]] inline std::uint64_t word_total(const std::uint8_t* octets, std::size_t from,
                                              std::size_t end) noexcept {
  std::uint64_t total = 0, four = 0;
  if (from % 2 == 1 && from < end) total += std::uint64_t{octets[from++]} << 8;
  for (; from + sizeof four <= end; from += sizeof four) {
    std::memcpy(&four, octets + from, sizeof four);
    total += (four & 0xFFFF) + (four >> 16 & 0xFFFF) + (four >> 32 & 0xFFFF) + (four >> 48);
  }
  for (; from < end; ++from) total += std::uint64_t{octets[from]} << (from % 2 * 8);
  return total;
}

// Ones' complement sum (RFC 1071) of the octets as little-endian words, the last one filled up with zero;
// 0 to 65534.
[[nodiscard]] inline std::uint16_t word_sum(const std::uint8_t* octets, std::size_t size) noexcept {
  return static_cast<std::uint16_t>(word_total(octets, 0, size) % 65535);
}

}  // namespace imrs::image
