// tests/dns/pipeline/lying_primary.h
// A primary of the root zone that says whatever a test wants, octet by octet, and what imrs-zone makes of
// such primaries while it serves the first golden version. One thread each; ends with the object.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dns/pipeline/zone_source.h"
#include "dns/wire/protocol.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/transfer/messages.h"
#include "tests/dns/transfer/nsd.h"

namespace imrs::test {

inline constexpr std::int64_t kGoldenTime = 1764072000;
inline constexpr std::uint32_t kFirst = 2026010100, kNext = 2026010101;  // serials

struct Line {
  wire::Name owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  zone::Rdata rdata;
};
using Lines = std::vector<Line>;

// All records of a golden zone, the SOA first.
inline Lines lines_of(const char* golden) {
  const zone::Zone zone = zone::parse_file(golden_path(golden), wire::Name()).value();
  Lines all;
  for (const auto& [owner, node] : zone.nodes) {
    for (const auto& [type, set] : node) {
      for (const zone::Rdata& rdata : set.rdata) all.push_back({owner, type, set.ttl, rdata});
      for (const zone::Rdata& rdata : set.signatures) {
        all.push_back({owner, wire::rrtype::RRSIG, set.signature_ttl, rdata});
      }
    }
  }
  const auto soa = std::ranges::find(all, wire::rrtype::SOA, &Line::type);
  std::rotate(all.begin(), soa, soa + 1);
  return all;
}

inline Octets octets_of(const Line& line) {
  Octets out;
  wire::ByteWriter writer(out);
  writer.put(line.owner.wire());
  writer.u16(line.type);
  writer.u16(wire::rrclass::IN);
  writer.u32(line.ttl);
  writer.u16(static_cast<std::uint16_t>(line.rdata.size()));
  writer.put(line.rdata);
  return out;
}

inline std::vector<Octets> transfer_of(const Lines& lines) {
  std::vector<Octets> out;
  for (const Line& line : lines) out.push_back(octets_of(line));
  out.push_back(out.front());
  return out;
}

// The answer to one query, without the length of TCP.
inline Octets answer(std::uint16_t id, std::uint16_t type, const std::vector<Octets>& records,
                     const std::string& question = ".") {
  return message({.id = id, .question = question, .type = type, .answers = records});
}

struct Query {
  std::uint16_t id = 0, type = 0;
  int fd = -1;  // to say something of one's own

  void send(const Octets& octets) const { (void)::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL); }
  // Until the other side has had enough.
  [[nodiscard]] bool is_open(std::chrono::milliseconds wait = {}) const {
    pollfd watch{fd, POLLRDHUP, 0};
    return ::poll(&watch, 1, static_cast<int>(wait.count())) == 0;
  }
};

// `lie`: gives the answer to a transfer, or nothing if it has said everything itself, and the connection
// ends. The SOA query is answered with `announced`.
class LyingPrimary {
 public:
  using Lie = std::function<std::optional<Octets>(const Query& query)>;

  LyingPrimary(std::uint32_t announced, Lie lie, std::optional<transfer::TsigKey> key = {})
      : announced_(announced), lie_(std::move(lie)), key_(std::move(key)), port_(free_port()) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_.get(), 8);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string text() const { return "127.0.0.1 port " + std::to_string(port_); }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd watch{listener_.get(), POLLIN, 0};
      if (::poll(&watch, 1, 20) != 1) continue;
      const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      while (!stop.stop_requested() && serve(peer.get())) {
      }
    }
  }

  // One query: length, header, the root, type and class; a TSIG record may follow.
  bool serve(int fd) {
    pollfd watch{fd, POLLIN, 0};
    if (::poll(&watch, 1, 5000) != 1) return false;
    Octets octets(2048);
    const ssize_t n = ::recv(fd, octets.data(), octets.size(), 0);
    if (n < 19) return false;
    octets.resize(static_cast<std::size_t>(n));
    octets.erase(octets.begin(), octets.begin() + 2);
    const Query query{wire::load_u16(octets.data()), wire::load_u16(octets.data() + 13), fd};
    std::optional<Octets> response;
    if (query.type == wire::rrtype::SOA) {
      Line soa = lines_of("root.zone").front();
      wire::store_u16(soa.rdata.data() + soa.rdata.size() - 20, static_cast<std::uint16_t>(announced_ >> 16));
      wire::store_u16(soa.rdata.data() + soa.rdata.size() - 18, static_cast<std::uint16_t>(announced_));
      response = answer(query.id, query.type, {octets_of(soa)});
    } else {
      response = lie_(query);
    }
    if (!response) return false;
    if (key_) {
      auto request = transfer::check_request(octets, std::span(&*key_, 1), kGoldenTime);
      if (request) transfer::sign_response(*response, *request, kGoldenTime);
    }
    query.send(framed(*response));
    return true;
  }

  std::uint32_t announced_;
  Lie lie_;
  std::optional<transfer::TsigKey> key_;
  std::uint16_t port_;
  UniqueFd listener_;
  std::jthread thread_;
};

inline LyingPrimary::Lie gives(Lines lines) {
  return [lines = std::move(lines)](const Query& query) {
    return answer(query.id, query.type, transfer_of(lines));
  };
}

inline zone::VerifiedZone first_version() {
  auto anchors = zone::load_trust_anchors(golden_path("root.ds")).value();
  auto zone = zone::parse_file(golden_path("root.zone"), wire::Name()).value();
  return zone::verify(std::move(zone), anchors, {}, kGoldenTime).value();
}

inline ZoneConfig config_of(std::initializer_list<const LyingPrimary*> primaries,
                            const std::optional<transfer::TsigKey>& key = {}) {
  ZoneConfig config;
  config.origin = ".";
  config.zonemd = ZoneConfig::Zonemd::Required;
  config.trust_anchors = {golden_path("root.ds")};
  config.most_removed = 100;
  for (const LyingPrimary* primary : primaries) {
    config.primaries.push_back({{Family::V4, "127.0.0.1"}, primary->port(), key ? key->name.text() : ""});
  }
  return config;
}

// imrs-zone, with these primaries in this order, while it serves first_version().
class Secondary {
 public:
  // `alive`: ZoneSource's.
  Secondary(
      std::initializer_list<const LyingPrimary*> primaries, const transfer::Limits& limits,
      const std::optional<transfer::TsigKey>& key = {}, std::function<void()> alive = [] {})
      : source_(
            config_of(primaries, key), wire::Name(), "127.0.0.1", [] { return kGoldenTime; },
            key ? std::span(&*key, 1) : std::span<const transfer::TsigKey>(), limits, std::move(alive)) {}

  std::optional<pipeline::Attempt> attempt() {
    return source_.attempt(&current_, [this](const zone::VerifiedZone&, const pipeline::Phases&) {
      taken_ = true;
      return Result<void>();
    });
  }
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  pipeline::ZoneSource source_;
  const zone::VerifiedZone current_ = first_version();
  bool taken_ = false;
};

}  // namespace imrs::test
