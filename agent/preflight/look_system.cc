// Looks at users and files, and runs what has to be asked: BIRD for its version, systemctl for units, nft for
// tables and counters. Called by checks.cc; imrsctl setup asks for units too.
#include "agent/preflight/look_system.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/base/unique_fd.h"
#include "agent/base/whole_file.h"

namespace imrs::preflight {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{2};
constexpr std::size_t kMostSaid = 256 << 10;  // octets
// Of the rules in agent/site/firewall.cc that these are the comments of.
constexpr std::string_view kOwnComment = "own address from outside", kNobodyComment = "nobody's address";
constexpr mode_t kOfSecrets = 037, kOfPublic = 022;

class FileActions {
 public:
  explicit FileActions(int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
  }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

Result<pid_t> start(std::vector<std::string> command, int output) {
  std::vector<char*> arguments;
  for (std::string& one : command) arguments.push_back(one.data());
  arguments.push_back(nullptr);
  char* const environment[] = {nullptr};
  const FileActions actions(output);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, command.front().c_str(), actions.get(), nullptr, arguments.data(),
                                  environment);
  if (error != 0) return system_error(command.front(), error);
  return child;
}

// Until it closes its output, or the time is up.
std::string read_said(int fd) {
  const auto end = Clock::now() + kPatience;
  std::string said;
  std::array<char, 512> piece;
  while (said.size() < kMostSaid) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    pollfd waited{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(left.count())) <= 0) break;
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n <= 0) break;
    said.append(piece.data(), static_cast<std::size_t>(n));
  }
  return said;
}

std::optional<uid_t> uid_of(const char* name) {
  const passwd* const entry = ::getpwnam(name);
  return entry == nullptr ? std::nullopt : std::optional(entry->pw_uid);
}

User user_of(const char* name, std::optional<std::uint32_t> configured) {
  if (!configured) return {name, uid_of(name)};
  const passwd* const entry = ::getpwuid(*configured);
  return {entry == nullptr ? std::string(name) + "'s user" : entry->pw_name, *configured};
}

Access access_of(const struct stat& status) { return {status.st_mode & 07777, status.st_uid, status.st_gid}; }

FileSeen look_at(const std::string& path, mode_t forbidden, std::vector<uid_t> owners = {}) {
  FileSeen seen{.path = path,
                .forbidden = forbidden,
                .error = "",
                .access = {},
                .owners = std::move(owners),
                .folder_mode = 0,
                .readers = {},
                .folders = {}};
  struct stat file {
  }, folder{};
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  if (::stat(path.c_str(), &file) != 0 || ::stat(directory.empty() ? "." : directory.c_str(), &folder) != 0) {
    seen.error = system_error(path).message;
    return seen;
  }
  seen.access = access_of(file);
  seen.folder_mode = folder.st_mode & 07777;
  return seen;
}

// Where links lead, for there the permissions count. One that cannot be looked at is open to nobody.
std::vector<Folder> folders_of(const std::string& path) {
  std::vector<Folder> out;
  std::error_code error;
  fs::path folder = fs::canonical(path, error);
  while (!error && folder != folder.root_path()) {
    folder = folder.parent_path();
    struct stat status {};
    const bool seen = ::stat(folder.c_str(), &status) == 0;
    out.push_back({folder.string(), seen ? access_of(status) : Access{}});
  }
  return out;
}

// Whether the name of a file, without the name of the one it is beside, is one that replacing it makes: see
// agent/remote/kept_file.h, agent/ctl/config_files.h and agent/base/whole_file.h.
bool is_of_replacing(std::string_view rest) {
  constexpr std::string_view kKept[] = {"", ".previous", ".before", ".previous.before", ".previous.new"};
  constexpr std::size_t kTail = 6;
  const auto is_kept = [&](std::string_view text) {
    return std::ranges::find(kKept, text) != std::end(kKept);
  };
  if (is_kept(rest)) return true;
  if (rest.size() <= kTail) return false;
  const std::string_view front = rest.substr(0, rest.size() - kTail), tail = rest.substr(front.size());
  const bool plain = std::ranges::all_of(tail, [](unsigned char c) { return std::isalnum(c) != 0; });
  return plain && front.ends_with(kFreshMark) && is_kept(front.substr(0, front.size() - kFreshMark.size()));
}

FileSeen with_readers(FileSeen seen, std::vector<Reader> readers) {
  if (!seen.error.empty()) return seen;
  seen.readers = std::move(readers);
  seen.folders = folders_of(seen.path);
  return seen;
}

// The file, and after it, by name, what is beside it and has the same secrets or older ones.
void look_at_secrets(const std::string& path, std::vector<FileSeen>& seen, std::vector<Reader> readers,
                     std::vector<uid_t> owners = {}) {
  const fs::path file(path);
  std::vector<std::string> beside;
  std::error_code error;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string(), own = file.filename().string();
    if (name == own || !name.starts_with(own) || !is_of_replacing(name.substr(own.size()))) continue;
    beside.push_back(entry->path().string());
  }
  std::ranges::sort(beside);
  seen.push_back(with_readers(look_at(path, kOfSecrets, owners), std::move(readers)));
  for (const std::string& one : beside) {
    struct stat status {};
    if (::lstat(one.c_str(), &status) == 0)
      seen.push_back(look_at(one, kOfSecrets, owners));  // else just gone
  }
}

std::uint64_t packets_of(const nlohmann::json& expressions) {
  for (const auto& expression : expressions) {
    if (expression.contains("counter")) return expression.at("counter").at("packets").get<std::uint64_t>();
  }
  return 0;
}

}  // namespace

Result<std::string> said_by(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe");
  const UniqueFd ours(ends[0]);
  UniqueFd its(ends[1]);
  const auto child = start(command, its.get());
  its.reset();
  if (!child) return child.error();
  std::string said = read_said(ours.get());
  ::kill(*child, SIGKILL);  // it has ended, or never will
  int status = 0;
  while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  return said;
}

Result<std::string> version_said_by(const std::string& program) {
  const auto said = said_by({program, "--version"});
  if (!said) return said.error();
  const std::string line = said->substr(0, said->find('\n'));
  if (line.empty()) return Error{Errc::Refused, program + " --version says nothing"};
  return line;
}

std::string unit_state(const std::string& manager, const std::string& unit) {
  constexpr std::string_view kStates[] = {"active", "reloading",  "inactive",
                                          "failed", "activating", "deactivating"};
  const auto said = said_by({manager, "is-active", unit});
  if (!said) return "";
  const std::string_view line = std::string_view(*said).substr(0, said->find('\n'));
  return std::ranges::find(kStates, line) == std::end(kStates) ? "" : std::string(line);
}

std::optional<bool> has_our_table(std::string_view nft_json) {
  try {
    bool there = false;
    const auto json = nlohmann::json::parse(nft_json);
    if (!json.at("nftables").is_array()) return {};
    for (const auto& object : json.at("nftables")) {
      if (!object.contains("table")) continue;
      const auto& table = object.at("table");
      there = there || (table.at("family") == "inet" && table.at("name") == "imrs");
    }
    return there;
  } catch (const nlohmann::json::exception&) {
    return {};
  }
}

std::optional<ForgedSeen> forged_seen(std::string_view nft_json) {
  try {
    ForgedSeen seen;
    bool there = false;
    const auto json = nlohmann::json::parse(nft_json);
    for (const auto& object : json.at("nftables")) {
      if (!object.contains("rule") || !object.at("rule").contains("comment")) continue;
      const auto comment = object.at("rule").at("comment").get<std::string>();
      const bool own = comment.starts_with(kOwnComment), nobody = comment.starts_with(kNobodyComment);
      if (!own && !nobody) continue;
      (own ? seen.own : seen.nobody) += packets_of(object.at("rule").at("expr"));
      there = true;
    }
    return there ? std::optional(seen) : std::nullopt;
  } catch (const nlohmann::json::exception&) {
    return {};
  }
}

std::vector<User> look_at_users(const Config* config) {
  using Id = std::optional<std::uint32_t>;
  const UserConfig* const users = config == nullptr ? nullptr : &config->users;
  const auto id = [&](std::uint32_t UserConfig::*member) {
    return users == nullptr ? Id() : Id(users->*member);
  };
  return {user_of("imrs-agent", id(&UserConfig::agent_uid)),
          user_of("imrs-launcher", id(&UserConfig::launcher_uid)),
          user_of("imrs-engine", id(&UserConfig::engine_uid)),
          user_of("imrs-zone", id(&UserConfig::zone_uid)),
          user_of("imrs-web", id(&UserConfig::web_uid)),
          user_of("imrs-audit", id(&UserConfig::audit_uid)),
          user_of("imrs-bird", {})};
}

std::vector<FileSeen> look_at_files(const std::string& config_path, const Config* config) {
  std::vector<FileSeen> seen;
  if (config == nullptr) {
    look_at_secrets(config_path, seen, {});
    return seen;
  }
  const UserConfig& users = config->users;
  const Reader agent{"imrs-agent", users.agent_uid, users.agent_gid};
  const Reader web{"imrs-web", users.web_uid, users.web_gid};
  const Reader zones{"imrs-zone", users.zone_uid, users.zone_gid};
  const Reader audit{"imrs-audit", users.audit_uid, users.audit_gid};
  look_at_secrets(config_path, seen, {agent});
  if (!config->secrets_file.empty()) look_at_secrets(config->secrets_file, seen, {agent});
  if (config->web.tls) look_at_secrets(config->web.tls->key, seen, {web}, {users.web_uid});
  for (const ZoneConfig& zone : config->zones) {
    for (const std::string& anchors : zone.trust_anchors) {
      seen.push_back(with_readers(look_at(anchors, kOfPublic), {zones, audit}));
    }
  }
  return seen;
}

}  // namespace imrs::preflight
