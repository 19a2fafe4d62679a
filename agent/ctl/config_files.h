// agent/ctl/config_files.h
// The files of a configuration while it is replaced: agent.json, and the secrets' file if that is replaced
// too. While the new ones are on trial what was there is beside them as FILE.before, and a marker,
// agent.json.pending, says so: whoever starts the appliance then puts it back. Only when the new ones hold it
// becomes FILE.previous, so that a trial that fails costs nobody his way back. Whatever happens, a power cut
// too, each file is whole, and once recover() has run the two belong together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/ctl/login.h"

namespace imrs::ctl {

// A replacement of files. Call save(), mark(), replace_secrets(), replace_config() in this order, ask() if
// an operator has to confirm it, and in the end hold() and keep_previous(), or put_back() and unmark(). Needs
// lock_directory() of the configuration's. If the agent's state moves: no_other_orders() and
// carry_orders_over() before the first of them, that once more before the agent is started anew, and
// carry_orders_back() after put_back().
class ConfigChange {
 public:
  // `secrets`: the file to be replaced; empty: it stays.
  ConfigChange(std::string config, std::string secrets)
      : config_(std::move(config)), secrets_(std::move(secrets)) {}

  // As the marker says it was begun. nullopt: there is no marker.
  [[nodiscard]] static Result<std::optional<ConfigChange>> pending(const std::string& config);

  [[nodiscard]] Result<void> save() const;
  // `deadline`: Unix time at which it is decided at the latest; for people. `restarts`: the agent is
  // restarted for it, and so it has to be for the way back.
  [[nodiscard]] Result<void> mark(std::int64_t deadline, bool restarts);
  [[nodiscard]] Result<void> replace_secrets(std::string_view content) const;  // nothing, if they stay
  [[nodiscard]] Result<void> replace_config(std::string_view content) const;

  // From here on confirm() is taken, of who has got in since `loaded` (boot_ticks()), when the firewall of
  // the trial was there. The same boot's: another one takes the trial back.
  [[nodiscard]] Result<void> ask(std::int64_t loaded);
  [[nodiscard]] bool asks() const { return asks_; }
  [[nodiscard]] std::int64_t loaded() const { return loaded_; }
  [[nodiscard]] bool is_confirmed() const;

  // Removes the marker: what is there now holds.
  [[nodiscard]] Result<void> hold() const;
  [[nodiscard]] Result<void> keep_previous() const;

  // May be repeated, and needs no room on the disk.
  [[nodiscard]] Result<void> put_back() const;
  [[nodiscard]] Result<void> unmark() const;

 private:
  std::string config_, secrets_;
  bool had_secrets_ = true;  // there was such a file
  bool restarts_ = false, asks_ = false;
  std::int64_t deadline_ = 0, loaded_ = 0;

  [[nodiscard]] Result<void> write_marker() const;
};

// What it is while its replacement is on trial.
[[nodiscard]] std::string before_of(const std::string& file);
[[nodiscard]] std::string marker_of(const std::string& config);

// At most 1 MB. Errc::Unavailable: it is not there.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path);

// Whole or not at all, mode 0640, from the beginning on; of the group of the file that it replaces, else of
// imrs-agent if that exists.
[[nodiscard]] Result<void> write_private(const std::string& path, std::string_view content);

// What the start of the appliance does. Puts the files before back if a change was cut off; does nothing if
// there is none, or if somebody is just making it. Gives what it did, in words. Leave: of one who tells
// nobody that the files are others again; whoever does tell all of them still finds the marker.
enum class Mark { Remove, Leave };
[[nodiscard]] Result<std::string> recover(const std::string& config, Mark mark);

// An operator's word, who has come by `login`, that a change on trial may stay; said by another program than
// the one that waits for it. Errc::Refused: nobody asks for it, or this login does not show that he gets in.
[[nodiscard]] Result<void> confirm(const std::string& config, const Login& login);

}  // namespace imrs::ctl
