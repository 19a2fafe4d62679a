// dns/wire/protocol.h
// Numbers of the DNS protocol as the IANA registries give them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace imrs::wire {

namespace rrtype {
inline constexpr std::uint16_t A = 1, NS = 2, CNAME = 5, SOA = 6, PTR = 12, MX = 15, TXT = 16, AAAA = 28,
                               SRV = 33, DNAME = 39, OPT = 41, DS = 43, RRSIG = 46, NSEC = 47, DNSKEY = 48,
                               NSEC3 = 50, NSEC3PARAM = 51, ZONEMD = 63, TKEY = 249, TSIG = 250, IXFR = 251,
                               AXFR = 252, MAILB = 253, MAILA = 254, ANY = 255;
}
namespace rrclass {
inline constexpr std::uint16_t IN = 1, CH = 3, HS = 4, NONE = 254, ANY = 255;
}
namespace rcode {
inline constexpr std::uint8_t NoError = 0, FormErr = 1, ServFail = 2, NXDomain = 3, NotImp = 4, Refused = 5,
                              NotAuth = 9, BadVers = 16, BadCookie = 23;  // RFC 6891, RFC 7873
}
namespace option {  // EDNS
inline constexpr std::uint16_t Nsid = 3, Cookie = 10, TcpKeepalive = 11, ExtendedError = 15;
}
namespace extended_error {  // RFC 8914
inline constexpr std::uint16_t Prohibited = 18, NotAuthoritative = 20, NotSupported = 21, InvalidData = 24;
}
namespace flag {  // in the 16-bit flags word of the header
inline constexpr std::uint16_t QR = 0x8000, AA = 0x0400, TC = 0x0200, RD = 0x0100, RA = 0x0080, Z = 0x0040,
                               AD = 0x0020, CD = 0x0010;
}

inline constexpr std::uint16_t kDnssecOk = 0x8000;  // in the lower half of OPT's TTL (RFC 3225)

inline constexpr std::size_t kHeaderSize = 12;
inline constexpr std::size_t kMaxUdpResponse = 1232;  // octets; RFC 9715, no fragments
inline constexpr std::size_t kMinUdpResponse = 512;   // without EDNS

}  // namespace imrs::wire
