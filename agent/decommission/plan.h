// agent/decommission/plan.h
// The end of an appliance, as steps: it stops drawing traffic, is stopped, and what is ICANN's on the machine
// is erased, which stays the host's. Pure: from the configuration alone, so that all of it can be checked and
// shown before the first step.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/config.h"

namespace imrs::decommission {

// The only directories of which anything is erased, and then everything.
inline const std::vector<std::string> kPlaces{"/run/imrs-bird", "/run/imrs-bird-config", "/run/imrs",
                                              "/var/lib/imrs", "/etc/imrs"};

struct Plan {
  std::string identity, version;
  std::string control_socket, bird_socket;
  std::chrono::seconds drain_time{0};
  std::vector<std::string> places;      // erased in this order
  std::vector<std::string> secrets;     // files in them that go first, with their versions
  std::vector<std::string> audit_logs;  // each, and its .1, .2, ...: go last
  std::vector<std::string> left;        // in words: what is not erased, and why
  bool operator==(const Plan&) const = default;
};

// `config_file`: where it was read from. `places`: kPlaces, or others in a test. Errc::Refused: something
// that must be erased lies outside of them, or one of them is none that could be erased whole: a place has a
// part of its name, but not the first, that begins with "imrs"; the message names path and remedy.
[[nodiscard]] Result<Plan> make_plan(const Config& config, const std::string& config_file,
                                     const std::vector<std::string>& places);

// The step before the first one that erases.
inline constexpr const char* kInventoryStep = "inventory";

struct Step {
  enum class Kind : std::uint8_t {
    Drain,         // has the agent drain, and waits for it
    Withdraw,      // has the agent withdraw, for good: an order that outlives it
    Stop,          // stops `unit`, and it is not started again
    StopOnly,      // stops `unit`, which nothing but one that is stopped already starts
    NothingSaid,   // BIRD exports nothing
    NobodySays,    // no BIRD is there any more
    Inventory,     // lists what will be erased
    EraseSecrets,  // is_secret()
    ErasePlaces,   // all but the audit logs
    EraseAudit,
    NothingLeft,  // the places are empty; what has come since is erased
  };
  Kind kind = Kind::Drain;
  std::string id;    // in the journal
  std::string text;  // for people
  std::string unit;
  bool operator==(const Step&) const = default;
};
[[nodiscard]] std::vector<Step> steps_of(const Plan& plan);

// It, or a version of it beside it: FILE.previous, FILE.before, FILE.new-XXXXXX, FILE.1, ...
[[nodiscard]] bool is_version_of(std::string_view path, std::string_view file);
// Of Plan::secrets, or a version of one.
[[nodiscard]] bool is_secret(const Plan& plan, std::string_view path);
// Of Plan::audit_logs, or one of its older ones.
[[nodiscard]] bool is_audit_log(const Plan& plan, std::string_view path);
// It, or something below it.
[[nodiscard]] bool is_inside(std::string_view path, std::string_view place);

}  // namespace imrs::decommission
