// Keeps the engine's settings. Called by EngineLink. It never logs or shows a secret, and never learns who
// asked what: of a question it has the hash.
#include "agent/answer_policy.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "agent/base/hex.h"
#include "dns/wire/question_hash.h"

namespace imrs::agent {
namespace {

// Crashes remembered; somebody who has found one hole may try it with many names.
constexpr std::size_t kMaxRemembered = 1024;

// The hash of what the quick probes ask: the root's SOA, class IN, behind a header of any content.
std::uint64_t quick_probe() {
  constexpr std::array<std::uint8_t, wire::kHeaderSize + 5> kMessage{
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, wire::rrtype::SOA, 0, wire::rrclass::IN};
  return wire::question_hash(kMessage);
}

std::string in_words(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

template <typename T>
Result<void> fill_random(T& out) {
  if (::getrandom(out.data(), sizeof out, 0) == static_cast<ssize_t>(sizeof out)) return {};
  return system_error("getrandom");
}

}  // namespace

std::array<std::uint8_t, 16> cookie_secret(const std::string& hex) {
  std::array<std::uint8_t, 16> out{};
  for (std::size_t i = 0; i < out.size() && 2 * i + 2 <= hex.size(); ++i) {
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, out[i], 16);
  }
  return out;
}

Result<AnswerPolicy> AnswerPolicy::make(const std::vector<std::string>& secrets, Steady::time_point now) {
  AnswerPolicy policy;
  if (auto filled = fill_random(policy.rate_key_); !filled) return filled.error();
  EngineSettings& settings = policy.settings_;
  for (const std::string& hex : secrets) {
    if (settings.secret_count == EngineSettings::kMaxSecrets) break;
    settings.secrets[settings.secret_count++] = cookie_secret(hex);
  }
  policy.own_secrets_ = secrets.empty();
  if (policy.own_secrets_) {
    if (auto added = policy.add_own_secret(now); !added) return added.error();
  }
  return policy;
}

AnswerPolicy::Memory AnswerPolicy::memory() const {
  Memory memory{.secrets = {},
                .denied = {settings_.denied.begin(), settings_.denied.begin() + settings_.denied_count},
                .rate_key = rate_key_,
                .own_secrets = own_secrets_,
                .renew_at = renew_at_};
  for (std::uint32_t i = 0; i < settings_.secret_count; ++i) {
    memory.secrets.push_back(hex_text(settings_.secrets[i]));
  }
  return memory;
}

AnswerPolicy AnswerPolicy::remember(const Memory& memory, Steady::time_point now) {
  AnswerPolicy policy;
  EngineSettings& settings = policy.settings_;
  for (const std::string& hex : memory.secrets) {
    if (settings.secret_count == EngineSettings::kMaxSecrets) break;
    settings.secrets[settings.secret_count++] = cookie_secret(hex);
  }
  for (const std::uint64_t hash : memory.denied) {
    if (settings.denied_count == EngineSettings::kMaxDenied) break;
    settings.denied[settings.denied_count++] = hash;
    policy.crashes_[hash] = {.times = kCrashesUntilDenied, .last = now};
  }
  policy.rate_key_ = memory.rate_key;
  policy.own_secrets_ = memory.own_secrets;
  policy.renew_at_ = memory.renew_at;
  return policy;
}

// The newest first; the one before is still taken (RFC 9018 section 5).
Result<void> AnswerPolicy::add_own_secret(Steady::time_point now) {
  std::array<std::uint8_t, 16> fresh{};
  if (auto filled = fill_random(fresh); !filled) return filled;
  settings_.secrets[1] = settings_.secrets[0];
  settings_.secrets[0] = fresh;
  settings_.secret_count = std::min<std::uint32_t>(settings_.secret_count + 1, 2);
  renew_at_ = now + kOwnSecretLife;
  return {};
}

bool AnswerPolicy::renew(Steady::time_point now) {
  const bool renewed = own_secrets_ && now >= renew_at_ && add_own_secret(now).ok();
  return forget_old(now) || renewed;
}

bool AnswerPolicy::set_expired(std::uint32_t zones) {
  return std::exchange(settings_.expired, zones) != zones;
}

void AnswerPolicy::end_denial(std::uint64_t hash) {
  crashes_.erase(hash);
  const auto gone = std::ranges::remove(std::span(settings_.denied).first(settings_.denied_count), hash);
  settings_.denied_count -= static_cast<std::uint32_t>(gone.size());
}

// True if the settings have changed.
bool AnswerPolicy::forget_old(Steady::time_point now) {
  const auto is_old = [now](const Crashes& crashes) { return now - crashes.last >= kCrashMemory; };
  std::erase_if(crashes_, [&](const auto& one) {
    const auto denied = std::span(settings_.denied).first(settings_.denied_count);
    return is_old(one.second) && std::ranges::find(denied, one.first) == denied.end();
  });
  const auto denied = std::span(settings_.denied).first(settings_.denied_count);
  const auto old = std::ranges::find_if(denied, [&](auto hash) { return is_old(crashes_.at(hash)); });
  if (old == denied.end() || now < next_pardon_) return false;
  end_denial(*old);
  next_pardon_ = now + kBetweenPardons;
  return true;
}

// How often it is now.
int AnswerPolicy::count_crash(std::uint64_t hash, Steady::time_point now) {
  if (crashes_.size() >= kMaxRemembered && !crashes_.contains(hash)) {
    crashes_.erase(std::ranges::min_element(crashes_, {}, [](const auto& one) {
      return std::pair(one.second.times >= kCrashesUntilDenied, one.second.last);  // those denied stay
    }));
  }
  Crashes& crashes = crashes_[hash];
  crashes.last = now;
  return ++crashes.times;
}

// Full: the oldest makes room; it comes back if it still kills.
void AnswerPolicy::deny(std::uint64_t hash) {
  if (settings_.denied_count == settings_.denied.size()) {
    end_denial(settings_.denied.front());
  }
  settings_.denied[settings_.denied_count++] = hash;
}

std::string AnswerPolicy::on_engine_ended(std::span<const WorkerPage> pages, Steady::time_point now) {
  std::string said;
  (void)forget_old(now);  // the next engine gets the settings anyway
  for (const WorkerPage& page : pages) {
    const std::uint64_t hash = page.fatal.load(std::memory_order_relaxed);
    if (hash == 0) continue;
    const int times = count_crash(hash, now);
    said = fmt::format("a worker crashed while it answered question {} ({}. time)", in_words(hash), times);
    if (hash == quick_probe()) {
      said += ": it is the probes' own, the SOA of the root, and never dropped";
    } else if (times == kCrashesUntilDenied) {
      deny(hash);
      said += ": it is dropped from now on";
    }
  }
  return said;
}

std::vector<std::string> AnswerPolicy::alarms() const {
  std::vector<std::string> all;
  for (std::uint32_t i = 0; i < settings_.denied_count; ++i) {
    all.push_back(
        fmt::format("question {} has killed the engine {} times and is dropped: report it with the "
                    "engine's log",
                    in_words(settings_.denied[i]), kCrashesUntilDenied));
  }
  return all;
}

}  // namespace imrs::agent
