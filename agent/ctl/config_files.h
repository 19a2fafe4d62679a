// agent/ctl/config_files.h
// The files of a configuration while it is replaced: agent.json, and the secrets' file if that is replaced
// too. What was there stays beside them as FILE.previous. While the new ones are on trial a marker,
// agent.json.pending, says so: whoever starts the appliance then puts the previous ones back. Whatever
// happens, a power cut too, each file is whole, and once recover() has run the two belong together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs::ctl {

// A replacement of files. Call save(), mark(), replace_secrets(), replace_config() in this order, ask() if
// an operator has to confirm it, and in the end unmark(), or put_back() and unmark(). Needs lock_directory()
// of the configuration's.
class ConfigChange {
 public:
  // `secrets`: the file to be replaced; empty: it stays.
  ConfigChange(std::string config, std::string secrets)
      : config_(std::move(config)), secrets_(std::move(secrets)) {}

  // As the marker says it was begun. nullopt: there is no marker.
  [[nodiscard]] static Result<std::optional<ConfigChange>> pending(const std::string& config);

  [[nodiscard]] Result<void> save() const;
  // `deadline`: Unix time at which it is decided at the latest; for people.
  [[nodiscard]] Result<void> mark(std::int64_t deadline);
  // From here on confirm() is taken.
  [[nodiscard]] Result<void> ask();
  [[nodiscard]] bool asks() const { return asks_; }
  [[nodiscard]] bool is_confirmed() const;
  [[nodiscard]] Result<void> replace_secrets(std::string_view content) const;  // nothing, if they stay
  [[nodiscard]] Result<void> replace_config(std::string_view content) const;
  [[nodiscard]] Result<void> put_back() const;  // may be repeated
  // Removes the marker: what is there now holds.
  [[nodiscard]] Result<void> unmark() const;

  [[nodiscard]] const std::string& config() const { return config_; }
  [[nodiscard]] const std::string& secrets() const { return secrets_; }

 private:
  std::string config_, secrets_;
  bool had_secrets_ = true;  // there was such a file
  bool asks_ = false;
  std::int64_t deadline_ = 0;

  [[nodiscard]] Result<void> write_marker() const;
};

[[nodiscard]] std::string marker_of(const std::string& config);

// At most 1 MB. Errc::Unavailable: it is not there.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path);

// Whole or not at all, mode 0640, from the beginning on; of the group of the file that it replaces, else of
// imrs-agent if that exists.
[[nodiscard]] Result<void> write_private(const std::string& path, std::string_view content);

// What the start of the appliance does. Puts the previous files back if a change was cut off; does nothing
// if there is none, or if somebody is just making it. Gives what it did, in words.
[[nodiscard]] Result<std::string> recover(const std::string& config);

// An operator's word that a change on trial may stay, by another program than the one that waits for it.
// Errc::Refused: nobody asks for it.
[[nodiscard]] Result<void> confirm(const std::string& config);

}  // namespace imrs::ctl
