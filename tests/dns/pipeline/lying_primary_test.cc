// A primary that does everything wrong that it can: each lie is refused with a reason of its own, and what is
// served stays.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <random>
#include <thread>

#include "dns/pipeline/zone_source.h"
#include "dns/wire/protocol.h"
#include "dns/zone/canonical.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/transfer/messages.h"
#include "tests/dns/transfer/nsd.h"

namespace imrs::pipeline {
namespace {

using namespace std::chrono_literals;
using State = ZoneReport::State;
using test::Octets;
using testing::HasSubstr;

constexpr std::int64_t kNow = 1764072000;
constexpr const char* kSecret = "MTIzNDU2Nzg5MDEyMzQ1Ng==";
constexpr std::uint32_t kFirst = 2026010100, kNext = 2026010101;

struct Line {
  wire::Name owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  zone::Rdata rdata;
};
using Lines = std::vector<Line>;

// All records of a golden zone, the SOA first.
Lines lines_of(const char* golden) {
  const zone::Zone zone = zone::parse_file(test::golden_path(golden), wire::Name()).value();
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

Octets octets_of(const Line& line) {
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

std::vector<Octets> transfer_of(const Lines& lines) {
  std::vector<Octets> out;
  for (const Line& line : lines) out.push_back(octets_of(line));
  out.push_back(out.front());
  return out;
}

// The answer to one query, without the length of TCP.
Octets answer(std::uint16_t id, std::uint16_t type, const std::vector<Octets>& records,
              const std::string& question = ".") {
  return test::message({.id = id, .question = question, .type = type, .answers = records});
}

struct Query {
  std::uint16_t id = 0, type = 0;
  int fd = -1;  // to say something of one's own

  void send(const Octets& octets) const { (void)::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL); }
  // Until the other side has had enough.
  [[nodiscard]] bool is_open(std::chrono::milliseconds wait = 0ms) const {
    pollfd watch{fd, POLLRDHUP, 0};
    return ::poll(&watch, 1, static_cast<int>(wait.count())) == 0;
  }
};

// For the root zone. `lie`: gives the answer to a transfer, or nothing if it has said everything itself, and
// the connection ends. The SOA query is answered with `announced`.
class LyingPrimary {
 public:
  using Lie = std::function<std::optional<Octets>(const Query& query)>;

  LyingPrimary(std::uint32_t announced, Lie lie, std::optional<transfer::TsigKey> key = {})
      : announced_(announced), lie_(std::move(lie)), key_(std::move(key)), port_(test::free_port()) {
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
      auto request = transfer::check_request(octets, std::span(&*key_, 1), kNow);
      if (request) transfer::sign_response(*response, *request, kNow);
    }
    query.send(test::framed(*response));
    return true;
  }

  std::uint32_t announced_;
  Lie lie_;
  std::optional<transfer::TsigKey> key_;
  std::uint16_t port_;
  UniqueFd listener_;
  std::jthread thread_;
};

zone::VerifiedZone served() {
  auto anchors = zone::load_trust_anchors(test::golden_path("root.ds")).value();
  auto zone = zone::parse_file(test::golden_path("root.zone"), wire::Name()).value();
  return zone::verify(std::move(zone), anchors, {}, kNow).value();
}

struct Tried {
  Attempt attempt;
  bool taken = false;
};

// What imrs-zone makes of that primary while it serves the first version.
Tried attempt_at(const LyingPrimary& primary, const std::optional<transfer::TsigKey>& key = {}) {
  ZoneConfig config;
  config.origin = ".";
  config.zonemd = ZoneConfig::Zonemd::Required;
  config.trust_anchors = {test::golden_path("root.ds")};
  config.most_removed = 100;
  config.primaries = {{{Family::V4, "127.0.0.1"}, primary.port(), key ? key->name.text() : ""}};
  std::vector<transfer::TsigKey> keys;
  if (key) keys.push_back(*key);
  const transfer::Limits limits{.connect = 1s, .answer = 1s, .transfer = 300ms, .size = 100'000};
  ZoneSource source(
      config, wire::Name(), "127.0.0.1", [] { return kNow; }, keys, limits);
  const zone::VerifiedZone current = served();
  Tried tried;
  tried.attempt = source
                      .attempt(&current,
                               [&](zone::VerifiedZone, const Phases&) {
                                 tried.taken = true;
                                 return Result<void>();
                               })
                      .value();
  return tried;
}

LyingPrimary::Lie gives(Lines lines) {
  return [lines = std::move(lines)](const Query& query) {
    return answer(query.id, query.type, transfer_of(lines));
  };
}

Lines next_without(const std::function<bool(const Line&)>& unwanted) {
  Lines lines = lines_of("root-next.zone");
  std::erase_if(lines, unwanted);
  return lines;
}

Lines next_with(const Line& more) {
  Lines lines = lines_of("root-next.zone");
  lines.push_back(more);
  return lines;
}

bool is_rrsig_over(const Line& line, std::uint16_t type) {
  return line.type == wire::rrtype::RRSIG && wire::load_u16(line.rdata.data()) == type;
}

TEST(LyingPrimary, TheTruthIsTaken) {
  const LyingPrimary primary(kNext, gives(lines_of("root-next.zone")));
  const Tried tried = attempt_at(primary);
  EXPECT_TRUE(tried.taken) << tried.attempt.reason;
}

struct Case {
  const char* description;
  LyingPrimary::Lie lie;
  const char* reason;
  const char* topic;
  State state = State::Refused;
  std::uint32_t announced = kNext;
};

void drip(const Query& query) {
  for (int i = 0; i < 100 && query.is_open(50ms); ++i) query.send({0xff});
}

void without_end(const Query& query) {
  Lines soa{lines_of("root-next.zone").front()};
  query.send(test::framed(answer(query.id, query.type, {octets_of(soa.front())})));
  for (std::uint32_t i = 0; i < 100'000 && query.is_open(); ++i) {
    const auto owner = wire::Name::parse("x" + std::to_string(i) + ".").value();
    query.send(test::framed(
        answer(query.id, query.type, {octets_of({owner, wire::rrtype::TXT, 60, zone::Rdata(201, 200)})})));
  }
}

TEST(LyingPrimary, EachLieHasItsReason) {
  const auto silent = [](const auto& speak) {
    return [speak](const Query& query) {
      speak(query);
      return std::optional<Octets>();
    };
  };
  const wire::Name evil = wire::Name::parse("evil.").value();
  const auto target = wire::Name::parse("ns.evil.").value();
  const zone::Rdata ns(target.wire().begin(), target.wire().end());
  const std::vector<Case> cases{
      {"truncated", silent([](const Query& query) {
         const Octets whole = test::framed(
             answer(query.id, query.type, transfer_of(lines_of("root-next.zone"))));
         query.send({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2)});
       }),
       "ended before the last SOA", "", State::Unreachable},
      {"stalled", silent([](const Query& query) { (void)query.is_open(5000ms); }), "no answer in time", "",
       State::Unreachable},
      {"an octet now and then", silent(drip), "no answer in time", "", State::Unreachable},
      {"endless", silent(without_end), "larger than the 100000 octets", "transfer"},
      {"another zone", [](const Query& query) { return answer(query.id, query.type, {}, "example."); },
       "the question is example.", "transfer"},
      {"another ID",
       [](const Query& query) {
         return answer(static_cast<std::uint16_t>(query.id + 1), query.type,
                       transfer_of(lines_of("root.zone")));
       },
       "the ID is not the query's", "transfer"},
      {"no RRSIG over the DS of com.",
       gives(next_without([](const Line& line) { return is_rrsig_over(line, wire::rrtype::DS); })), "com. DS",
       "dnssec"},
      {"an unsigned delegation more", gives(next_with({evil, wire::rrtype::NS, 60, ns})), "evil.", "dnssec"},
      {"glue more",
       gives(next_with({wire::Name::parse("ns2.example.").value(), wire::rrtype::A, 172800, {192, 0, 2, 9}})),
       "the digest is not the zone's", "zonemd"},
      {"ZONEMD removed", gives(next_without([](const Line& line) {
         return line.type == wire::rrtype::ZONEMD || is_rrsig_over(line, wire::rrtype::ZONEMD);
       })),
       "ZONEMD", "dnssec"},
      {"older than announced", gives(lines_of("root-next.zone")), "announced 2026010109", "serial",
       State::Refused, 2026010109},
      {"an older serial", gives(lines_of("root-next.zone")), "serial 2026010099 goes back: 2026010100",
       "serial", State::Refused, 2026010099},
      {"a serial half way round", gives(lines_of("root-next.zone")), "goes back", "serial", State::Refused,
       kFirst + 0x80000000U},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.description);
    const LyingPrimary primary(test.announced, test.lie);
    const Tried tried = attempt_at(primary);
    EXPECT_FALSE(tried.taken);
    EXPECT_EQ(tried.attempt.state, test.state);
    EXPECT_THAT(tried.attempt.reason, HasSubstr(test.reason));
    EXPECT_STREQ(tried.attempt.topic, test.topic);
    ASSERT_EQ(tried.attempt.asked.size(), 1U);
    EXPECT_EQ(tried.attempt.asked.front().reason, tried.attempt.reason);
  }
}

TEST(LyingPrimary, WithoutTheKeyNothingItSaysIsTaken) {
  const auto key = transfer::make_tsig_key("lab.", "hmac-sha256", kSecret).value();
  const auto other = transfer::make_tsig_key("lab.", "hmac-sha256", "MTIzNDU2Nzg5MDEyMzQ1Nw==").value();
  const auto truth = gives(lines_of("root-next.zone"));
  {
    const LyingPrimary honest(kNext, truth, key);
    const Tried tried = attempt_at(honest, key);
    EXPECT_TRUE(tried.taken) << tried.attempt.reason;
  }
  for (const auto& wrong : {std::optional(other), std::optional<transfer::TsigKey>()}) {
    const LyingPrimary primary(kNext, truth, wrong);
    const Tried tried = attempt_at(primary, key);
    EXPECT_FALSE(tried.taken);
    EXPECT_EQ(tried.attempt.state, State::Refused);
    EXPECT_STREQ(tried.attempt.topic, "tsig");
  }
}

Octets canonical_octets(const zone::Zone& zone) {
  Octets out;
  for (const auto& [owner, node] : zone.nodes) {
    for (const auto& [type, set] : node) {
      for (const zone::Rdata& rdata : set.rdata) {
        zone::append_canonical_rr(out, owner, type, set.ttl, zone::canonical_rdata(type, rdata));
      }
      for (const zone::Rdata& rdata : set.signatures) {
        zone::append_canonical_rr(out, owner, wire::rrtype::RRSIG, set.signature_ttl,
                                  zone::canonical_rdata(wire::rrtype::RRSIG, rdata));
      }
    }
  }
  return out;
}

// One bit of one record, anywhere in it. Only what changes nothing but the case of letters may be taken.
TEST(LyingPrimary, NoBitCanBeFlipped) {
  const auto anchors = zone::load_trust_anchors(test::golden_path("root.ds")).value();
  const zone::VerifyPolicy policy{zone::VerifyPolicy::Dnssec::Required, zone::VerifyPolicy::Zonemd::Required};
  const std::vector<Octets> records = transfer_of(lines_of("root-next.zone"));
  const auto read = [&](const std::vector<Octets>& sent) -> Result<zone::VerifiedZone> {
    transfer::AxfrReader reader(wire::Name(), test::kId);
    auto fed = reader.feed(test::framed(answer(test::kId, wire::rrtype::AXFR, sent)));
    if (!fed) return fed.error();
    auto zone = std::move(reader).finish();
    return zone ? zone::verify(std::move(*zone), anchors, policy, kNow)
                : Result<zone::VerifiedZone>(zone.error());
  };
  auto truth = read(records);
  ASSERT_TRUE(truth.ok()) << truth.error().message;
  const Octets right = canonical_octets(truth->zone());
  std::mt19937 random(1);
  int refused = 0, harmless = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<Octets> sent = records;
    Octets& record = sent[random() % sent.size()];
    const std::size_t bit = random() % (record.size() * 8);
    record[bit / 8] = static_cast<std::uint8_t>(record[bit / 8] ^ 1U << bit % 8);
    auto zone = read(sent);
    if (!zone) {
      ++refused;
      continue;
    }
    ++harmless;
    EXPECT_EQ(canonical_octets(zone->zone()), right) << "record " << &record - sent.data() << " bit " << bit;
  }
  std::printf("%d flips refused, %d changed only the case of letters\n", refused, harmless);
  EXPECT_GT(refused, 1900);
}

}  // namespace
}  // namespace imrs::pipeline
