// dns/pipeline/zone_source.h
// Where one zone comes from (a file, or primaries in order), and one attempt to get a good version of it.
// Blocks while it reads and transfers; one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/messages.h"
#include "agent/base/result.h"
#include "agent/base/trusted_clock.h"
#include "agent/config/config.h"
#include "dns/transfer/client.h"
#include "dns/zone/known_signatures.h"
#include "dns/zone/verified_zone.h"

namespace imrs::pipeline {

// What was asked of one primary, and what came of it.
struct Asked {
  std::string primary;  // address and port
  ZoneReport::State state = ZoneReport::State::Unchanged;
  std::uint32_t serial = 0;  // 0 if it was not learnt
  std::string reason;        // Refused, Unreachable
};

// How long a version took, in ms.
struct Phases {
  std::uint32_t transfer = 0;  // also parsing a file
  std::uint32_t verify = 0;
};

struct Attempt {
  ZoneReport::State state = ZoneReport::State::Unchanged;
  std::string source;        // file name, or address and port of the primary
  std::uint32_t serial = 0;  // 0 if it was not learnt
  std::string reason;        // Refused, Unreachable
  const char* topic = "";    // the same in a word: Error::topic
  std::vector<Asked> asked;  // in order
  std::string way;           // Loaded from a primary: "IXFR", "AXFR", or why it was not IXFR
  // The current serial, if one of the sources has it: it is fresh, whatever else the attempt brought. One
  // lying primary does not make a zone expire that another one confirms.
  std::optional<std::uint32_t> confirmed;
};

class ZoneSource {
 public:
  // Takes over a verified version that is newer than the current one, or says why it cannot be served.
  using Accept = std::function<Result<void>(zone::VerifiedZone, const Phases&)>;

  // `management`: the address that transfers leave from, empty: any. `config` has a valid origin, and only
  // such keys as are among `keys`. `alive`: called before each thing that may take long: a connection, a
  // transfer, a verification.
  ZoneSource(
      ZoneConfig config, wire::Name origin, std::string management, Clock clock,
      std::span<const transfer::TsigKey> keys = {}, const transfer::Limits& limits = {},
      std::function<void()> alive = [] {});

  // Looks for a version newer than `current` and hands it to `accept`; of a file, also one of the same
  // serial. Null: any that is not older than the configuration's served_serial, and does not drop too many
  // of its served_delegations. Primaries are asked in order until one gives such a version; Unchanged: none
  // has one, and at least one has `current`. Nothing is returned when there is nothing to say that was not
  // said before: the only version to be had is one that was refused, from there, less than a minute ago, and
  // is not read again.
  [[nodiscard]] std::optional<Attempt> attempt(const zone::VerifiedZone* current, const Accept& accept);

  // The version that this instance had before it was started: the same checks as for any other. Those of its
  // signatures but the root's are as of the last moment at which all of them held, if that has gone by: the
  // agent has the zone answered with SERVFAIL then, and the root does not wait for it.
  [[nodiscard]] Attempt restore(zone::Zone stored, const Accept& accept);

  // What was refused is read again: the clock has been set.
  void forget_refused();

  [[nodiscard]] const wire::Name& origin() const noexcept { return origin_; }
  [[nodiscard]] const ZoneConfig& config() const noexcept { return config_; }
  [[nodiscard]] bool is_file() const noexcept { return !config_.file.empty(); }
  // It comes from no primary: there is nothing to be kept on disk.
  [[nodiscard]] bool is_local() const noexcept { return is_file() || config_.identity; }

 private:
  using Steady = std::chrono::steady_clock;
  struct FileStamp {
    std::uint64_t inode = 0;
    std::int64_t size = 0, seconds = 0, nanoseconds = 0;
    bool operator==(const FileStamp&) const = default;
  };
  // A version that failed, and until when it is not worth another look.
  template <typename Version>
  struct RefusedVersion {
    Version version{};
    std::chrono::steady_clock::time_point until{};
    [[nodiscard]] bool holds(const Version& other) const {
      return version == other && std::chrono::steady_clock::now() < until;
    }
  };

  std::optional<Attempt> attempt_file(const zone::VerifiedZone* current, const Accept& accept);
  Attempt attempt_identity(const zone::VerifiedZone* current, const Accept& accept);
  std::optional<Attempt> attempt_primaries(const zone::VerifiedZone* current, const Accept& accept);
  // What came of asking one primary.
  struct Answer {
    std::optional<Attempt> attempt;  // nothing: it still has the version that was refused
    bool newer = false;              // it has a newer version than the current one, or says so
  };
  // Whatever it sends: if memory runs out over it, that is given back, and it is refused.
  Answer ask(std::size_t primary, const zone::VerifiedZone* current, const Accept& accept);
  // `asked`: gets what was learnt of it so far.
  Answer ask(std::size_t primary, Attempt& asked, const zone::VerifiedZone* current, const Accept& accept);
  void refuse(std::size_t primary, std::uint32_t serial);
  Attempt transfer(std::size_t primary, transfer::Client client, Attempt attempt,
                   const zone::VerifiedZone* current, const Accept& accept);
  Attempt differences(transfer::Client client, Attempt attempt, const zone::VerifiedZone& current,
                      const Accept& accept);
  Attempt whole(transfer::Client& client, Attempt attempt, const zone::VerifiedZone* current,
                const Accept& accept);
  using CheckSerial = std::function<Result<void>(std::uint32_t serial)>;
  // `start`: when the zone was asked for. `now`: what its signatures are judged by; nothing: the clock.
  Result<void> take(zone::Zone zone, Steady::time_point start, std::uint32_t& serial,
                    const zone::VerifiedZone* current, const CheckSerial& check, const Accept& accept,
                    std::optional<std::int64_t> now = std::nullopt);
  // Errc::Refused: older than what is served, by this process or by what it took over from.
  [[nodiscard]] Result<void> check_not_back(std::uint32_t serial, const zone::VerifiedZone* current) const;
  [[nodiscard]] Result<void> check_transferred(std::uint32_t serial, std::uint32_t announced,
                                               const zone::VerifiedZone* current) const;
  static Result<FileStamp> stamp_of(const std::string& path);

  ZoneConfig config_;
  std::vector<transfer::Primary> primaries_;
  wire::Name origin_;
  std::string management_;
  Clock clock_;
  transfer::Limits limits_;
  std::function<void()> alive_;
  zone::KnownSignatures known_;  // of what is served
  std::optional<FileStamp> loaded_file_;
  RefusedVersion<std::optional<FileStamp>> refused_file_;
  std::vector<RefusedVersion<std::optional<std::uint32_t>>> refused_serials_;  // one for each primary
};

}  // namespace imrs::pipeline
