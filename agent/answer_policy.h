// agent/answer_policy.h
// What the engine is told besides images: the secrets of DNS cookies, and the questions it has to drop
// because engines have died of them. Pure but for getrandom(2); the clock is an argument.
//
// What is dropped is forgotten after a day, for a new image or program may be the remedy; one question at a
// time, for what still kills has to do so again, and several in a row would be an engine that is down.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "agent/base/messages.h"
#include "agent/base/result.h"
#include "agent/counts/worker_page.h"

namespace imrs::agent {

// 32 hexadecimal digits, as parse_config() has checked them.
[[nodiscard]] std::array<std::uint8_t, 16> cookie_secret(const std::string& hex);

class AnswerPolicy {
 public:
  using Steady = std::chrono::steady_clock;
  // An engine that restarts at once, with clients that ask again, comes by the same question in a second.
  static constexpr int kCrashesUntilDenied = 2;
  static constexpr std::chrono::hours kOwnSecretLife{24};
  static constexpr std::chrono::hours kCrashMemory{24};  // from a question's last crash
  static constexpr std::chrono::minutes kBetweenPardons{10};

  // `secrets`: those of a cluster, the first makes cookies. None: this instance makes its own, a new one
  // every day, and takes the one before for another day. Errc::System: no random numbers.
  [[nodiscard]] static Result<AnswerPolicy> make(const std::vector<std::string>& secrets,
                                                 Steady::time_point now);

  // What it knows, for an agent that hands it to the next one. What is denied then has its day anew.
  struct Memory {
    std::vector<std::string> secrets;  // hex
    std::vector<std::uint64_t> denied;
    std::array<std::uint64_t, 2> rate_key{};
    bool own_secrets = false;
    Steady::time_point renew_at{};
  };
  [[nodiscard]] Memory memory() const;
  [[nodiscard]] static AnswerPolicy remember(const Memory& memory, Steady::time_point now);

  // True if the settings have changed since they were last asked for: tell the engine.
  [[nodiscard]] bool renew(Steady::time_point now);

  // Zones that are not answered from any more (EngineSettings::expired). True if the settings have changed.
  [[nodiscard]] bool set_expired(std::uint32_t zones);

  // The engine has ended; its pages say whether a question killed a worker. Gives what the operator has to
  // know of it, or nothing. The question of the quick probes (health/expectations.h) is never denied: every
  // target would be silent, and the engine replaced for it again and again.
  [[nodiscard]] std::string on_engine_ended(std::span<const WorkerPage> pages, Steady::time_point now);

  [[nodiscard]] const EngineSettings& settings() const noexcept { return settings_; }
  // EngineSetup::rate_key: one for the agent's life.
  [[nodiscard]] const std::array<std::uint64_t, 2>& rate_key() const noexcept { return rate_key_; }
  // Alarms that hold on: which questions are dropped.
  [[nodiscard]] std::vector<std::string> alarms() const;

 private:
  AnswerPolicy() = default;
  struct Crashes {
    int times = 0;
    Steady::time_point last{};
  };
  Result<void> add_own_secret(Steady::time_point now);
  int count_crash(std::uint64_t hash, Steady::time_point now);
  void deny(std::uint64_t hash);
  bool forget_old(Steady::time_point now);
  void end_denial(std::uint64_t hash);

  EngineSettings settings_;
  std::array<std::uint64_t, 2> rate_key_{};
  bool own_secrets_ = false;
  Steady::time_point renew_at_{}, next_pardon_{};
  std::map<std::uint64_t, Crashes> crashes_;  // by question hash; whatever is denied is here too
};

}  // namespace imrs::agent
