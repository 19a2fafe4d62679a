// Replaces the configuration's files. Called by `imrsctl config` and `imrsctl setup`. The order of the steps
// is all there is to it: the previous files are safe before the marker, the marker before the first new file.
#include "agent/ctl/config_files.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "agent/base/directory.h"
#include "agent/base/regular_file.h"
#include "agent/base/whole_file.h"
#include "agent/config/json_reader.h"

namespace imrs::ctl {
namespace {

constexpr std::size_t kMostOctets = 1 << 20;
constexpr mode_t kMask = 0137;  // leaves 0640
constexpr const char* kGroup = "imrs-agent";

std::optional<gid_t> group_for(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return status.st_gid;
  group entry{};
  group* found = nullptr;
  std::vector<char> buffer(16384);
  (void)::getgrnam_r(kGroup, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
}

// While it lives, new files are of that group and not readable by others, from the moment they are made.
class AsGroup {
 public:
  explicit AsGroup(std::optional<gid_t> group) : group_(::getegid()), mask_(::umask(kMask)) {
    if (group && *group != group_) good_ = ::setegid(*group) == 0;
  }
  AsGroup(const AsGroup&) = delete;
  AsGroup& operator=(const AsGroup&) = delete;
  ~AsGroup() {
    (void)!::setegid(group_);
    ::umask(mask_);
  }
  [[nodiscard]] bool good() const { return good_; }

 private:
  gid_t group_;
  mode_t mask_;
  bool good_ = true;
};

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove " + path);
  return sync_directory_of(path);
}

Result<void> write_as(std::optional<gid_t> of, const std::string& path, std::string_view content) {
  const AsGroup group(of);
  if (!group.good()) return system_error("group of " + path);
  return write_whole(path, {reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
}

// Of the group that the file has: put_back() gives it back as it is.
Result<void> keep_before(const std::string& file) {
  const auto content = read_small_file(file);
  if (!content) return content.error();
  return write_as(group_for(file), before_of(file), *content);
}

// A second name for `file`, in its directory, as of one that is just being made there (kFreshMark).
Result<std::string> second_name(const std::string& file, const std::string& beside) {
  constexpr int kTries = 16;
  constexpr std::uint32_t kSixDigits = 1U << 24;
  for (int i = 0; i < kTries; ++i) {
    std::uint32_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number) return system_error("getrandom");
    std::string name = fmt::format("{}{}{:06x}", beside, kFreshMark, number % kSixDigits);
    if (::link(file.c_str(), name.c_str()) == 0) return name;
    if (errno != EEXIST) break;
  }
  return system_error(fmt::format("{}: a second name for {}", beside, file));
}

// Writes nothing: on a full disk a copy would leave the one that is on trial in its place.
Result<void> bring_back(const std::string& file) {
  const auto name = second_name(before_of(file), file);
  if (!name) return name.error();
  const bool renamed = ::rename(name->c_str(), file.c_str()) == 0;
  const int failure = errno;
  (void)::unlink(name->c_str());  // rename(2) leaves it if it was done before: both were one file
  if (!renamed) return system_error("rename to " + file, failure);
  return sync_directory_of(file);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string confirmation_of(const std::string& config) { return config + ".confirmed"; }

}  // namespace

std::string before_of(const std::string& file) { return file + ".before"; }
std::string marker_of(const std::string& config) { return config + ".pending"; }

Result<std::string> read_small_file(const std::string& path) { return read_regular_file(path, kMostOctets); }

Result<void> write_private(const std::string& path, std::string_view content) {
  return write_as(group_for(path), path, content);
}

Result<std::optional<ConfigChange>> ConfigChange::pending(const std::string& config) {
  const std::string marker = marker_of(config);
  const auto text = read_small_file(marker);
  if (!text && text.error().code == Errc::Unavailable) return std::optional<ConfigChange>();
  if (!text) return text.error();
  const auto json = parse_json(*text);
  if (!json) return json.error().within(marker);
  Complaints complaints;
  ConfigChange change(config, "");
  {
    ObjectReader in(&*json, "", complaints);
    in.text("secrets", change.secrets_);
    in.boolean("had_secrets", change.had_secrets_);
    in.boolean("restarts", change.restarts_);
    in.number("deadline", change.deadline_, 0, INT64_MAX);
    in.boolean("asks", change.asks_);
    in.number("loaded", change.loaded_, 0, INT64_MAX);
  }
  if (!complaints.empty()) return complaints.error().within(marker);
  return std::optional(change);
}

Result<void> ConfigChange::save() const {
  if (auto saved = keep_before(config_); !saved) return saved;
  if (secrets_.empty() || !exists(secrets_)) return {};
  return keep_before(secrets_);
}

Result<void> ConfigChange::mark(std::int64_t deadline, bool restarts) {
  had_secrets_ = !secrets_.empty() && exists(secrets_);
  deadline_ = deadline;
  restarts_ = restarts;
  // Of a change that was cut off between the files of unmark().
  if (auto removed = remove_file(confirmation_of(config_)); !removed) return removed;
  return write_marker();
}

Result<void> ConfigChange::ask(std::int64_t loaded) {
  asks_ = true;
  loaded_ = loaded;
  return write_marker();
}

bool ConfigChange::is_confirmed() const { return exists(confirmation_of(config_)); }

// recover-configuration, a shell script, looks for "restarts":true.
Result<void> ConfigChange::write_marker() const {
  const Json json{{"secrets", secrets_},   {"had_secrets", had_secrets_},
                  {"restarts", restarts_}, {"deadline", deadline_},
                  {"asks", asks_},         {"loaded", loaded_}};
  return write_private(marker_of(config_), json.dump() + "\n");
}

Result<void> ConfigChange::replace_secrets(std::string_view content) const {
  return secrets_.empty() ? Result<void>() : write_private(secrets_, content);
}

Result<void> ConfigChange::replace_config(std::string_view content) const {
  return write_private(config_, content);
}

Result<void> ConfigChange::put_back() const {
  if (!secrets_.empty()) {
    auto done = had_secrets_ ? bring_back(secrets_) : remove_file(secrets_);
    if (!done) return done;
  }
  return bring_back(config_);
}

Result<void> ConfigChange::hold() const { return remove_file(marker_of(config_)); }

Result<void> ConfigChange::keep_previous() const {
  for (const std::string& file : {had_secrets_ ? secrets_ : "", config_}) {
    if (file.empty()) continue;
    if (::rename(before_of(file).c_str(), previous_of(file).c_str()) != 0)
      return system_error(previous_of(file));
  }
  return remove_file(confirmation_of(config_));
}

// The marker first: without it nobody looks for the others.
Result<void> ConfigChange::unmark() const {
  for (const std::string& file : {marker_of(config_), confirmation_of(config_), before_of(config_)}) {
    if (auto removed = remove_file(file); !removed) return removed;
  }
  return secrets_.empty() ? Result<void>() : remove_file(before_of(secrets_));
}

Result<std::string> recover(const std::string& config, Mark mark) {
  if (!exists(marker_of(config))) return std::string("nothing to put back");
  const auto lock = lock_directory(directory_of(config), true);
  if (!lock && lock.error().code == Errc::Unavailable) {
    return std::string("a change of the configuration is on trial: it is left alone");
  }
  if (!lock) return lock.error();
  const auto change = ConfigChange::pending(config);
  if (!change) return change.error();
  if (!*change) return std::string("nothing to put back");
  if (auto back = (*change)->put_back(); !back) return back.error();
  if (mark == Mark::Remove) {
    if (auto unmarked = (*change)->unmark(); !unmarked) return unmarked.error();
  }
  return "a change of " + config + " was cut off before it was confirmed: the previous one is back";
}

Result<void> confirm(const std::string& config, const Login& login) {
  const auto change = ConfigChange::pending(config);
  if (!change) return change.error();
  const auto lock = lock_directory(directory_of(config), true);
  if (lock && *change) return Error{Errc::Refused, "nobody is at work on the change any more: it goes back"};
  if (!*change || !(*change)->asks()) return Error{Errc::Refused, "no change waits for a confirmation"};
  if (auto got_in = got_in_since(login, (*change)->loaded()); !got_in) return got_in;
  return write_private(confirmation_of(config), "");
}

}  // namespace imrs::ctl
