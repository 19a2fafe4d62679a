// Judges what is installed. Called by checks.cc.
#include "agent/preflight/system_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "agent/preflight/words.h"

namespace imrs::preflight {
namespace {

using Version = std::array<int, 3>;
constexpr Version kLeastKernel{6, 1, 0}, kLeastBird{2, 0, 12}, kUnknownBird{3, 0, 0};
constexpr mode_t kOthersWrite = 022;

std::string file_text(const FileSeen& file, std::string_view what) {
  return fmt::format("{} {} (mode {:04o}, owner {})", file.path, what, file.access.mode, file.access.owner);
}

bool may(const Reader& reader, const Access& access, mode_t what) {
  if (reader.uid == 0) return true;
  const int shift = reader.uid == access.owner ? 6 : reader.group == access.group ? 3 : 0;
  return ((access.mode >> shift) & what) != 0;
}

// Empty: all of them can read it.
std::string unread(const FileSeen& file) {
  constexpr mode_t kRead = 4, kSearch = 1;
  std::vector<std::string> names;
  for (const Reader& reader : file.readers) {
    for (const Folder& folder : file.folders) {
      if (may(reader, folder.access, kSearch)) continue;
      return fmt::format("{} cannot be reached by {}: {} has mode {:04o}", file.path, reader.name,
                         folder.path, folder.access.mode);
    }
    if (!may(reader, file.access, kRead)) names.push_back(reader.name);
  }
  return names.empty() ? "" : file_text(file, "cannot be read by " + joined(names));
}

// Empty: nothing is wrong.
std::string complaint(const FileSeen& file) {
  if (!file.error.empty()) return file.error;
  const auto& [mode, owner, group] = file.access;
  if ((mode & file.forbidden & 07) != 0) return file_text(file, "is open to everybody");
  if ((mode & file.forbidden) != 0) return file_text(file, "is open to its group beyond reading");
  if (owner != 0 && std::ranges::find(file.owners, owner) == file.owners.end()) {
    return file_text(file, "does not belong to root");
  }
  const bool sticky = (file.folder_mode & 01000) != 0;
  if ((file.folder_mode & kOthersWrite) != 0 && !sticky) {
    return fmt::format("the folder of {} can be written by others (mode {:04o})", file.path,
                       file.folder_mode);
  }
  return unread(file);
}

}  // namespace

std::optional<Version> version_of(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  for (std::size_t at = text.find_first_of(kDigits); at != std::string_view::npos;
       at = text.find_first_of(kDigits, at)) {
    const std::string_view run = text.substr(at, text.find_first_not_of("0123456789.", at) - at);
    Version version{};
    const char* place = run.data();
    std::size_t parts = 0;
    for (; parts < version.size(); ++parts) {
      const auto [end, error] = std::from_chars(place, run.data() + run.size(), version[parts]);
      if (error != std::errc()) break;
      place = end + (end != run.data() + run.size() && *end == '.' ? 1 : 0);
    }
    if (parts >= 2) return version;
    at += run.size();
  }
  return {};
}

Finding judge_kernel(const std::string& release) {
  const auto version = version_of(release);
  if (!version) return unknown(release, "Linux 6.1 or later is needed: uname -r");
  if (*version >= kLeastKernel) return pass("Linux " + release);
  return fail("Linux " + release, "6.1 or later is needed: apt install linux-image-amd64, and reboot");
}

Finding judge_tun(const KernelFeatures& features) {
  if (features.tun.empty()) return pass("/dev/net/tun is there");
  return fail(features.tun, "modprobe tun: the service addresses are on such a device");
}

Finding judge_landlock(const KernelFeatures& features) {
  if (features.landlock > 0) return pass(fmt::format("version {}", features.landlock));
  return fail(
      "the kernel has none, or it is not switched on",
      "boot with lsm=landlock,... or CONFIG_SECURITY_LANDLOCK: without it the programs see more files");
}

Finding judge_seccomp(const KernelFeatures& features) {
  if (features.seccomp) return pass("filters of system calls can be loaded");
  return fail("no filter of system calls can be loaded", "a kernel with CONFIG_SECCOMP_FILTER is needed");
}

Finding judge_bird(const Result<std::string>& version) {
  if (!version) return fail(version.error().message, "apt install bird2");
  const std::string text = one_line(*version);
  const auto numbers = version_of(text);
  if (!numbers) return unknown(text, "BIRD 2.0.12 or later is needed: bird --version");
  if (*numbers < kLeastBird) return fail(text, "BIRD 2.0.12 or later is needed: apt install bird2");
  if (*numbers >= kUnknownBird)
    return unknown(text, "nobody has tried this version with it; take 2.0.12 or later");
  return pass(text);
}

Finding judge_firewall(const FirewallSeen& seen) {
  const bool asked = !seen.unit.empty();
  const bool runs = seen.unit == "active" || seen.unit == "reloading";
  const std::string evidence = fmt::format(
      "{}; {}", asked ? "imrs-firewall is " + seen.unit : "whether imrs-firewall runs cannot be asked",
      !seen.table   ? "whether its rules are loaded cannot be asked"
      : *seen.table ? "its rules are loaded"
                    : "its rules, the table inet imrs, are not loaded");
  if ((asked && !runs) || seen.table == false) {
    return fail(evidence, fmt::format("systemctl {} imrs-firewall; journalctl -u imrs-firewall says what is "
                                      "in the way",
                                      runs ? "reload" : "start"));
  }
  if (asked && seen.table) return pass(evidence);
  return unknown(evidence, "as root: systemctl status imrs-firewall; nft list table inet imrs");
}

Finding judge_users(std::span<const User> users) {
  std::vector<std::string> bad;
  std::map<uid_t, std::string> seen;
  for (const User& user : users) {
    if (!user.uid) {
      bad.push_back(user.name + " is not there");
    } else if (*user.uid == 0) {
      bad.push_back(user.name + " is root");
    } else if (const auto [other, is_new] = seen.emplace(*user.uid, user.name); !is_new) {
      bad.push_back(fmt::format("{} and {} are the same, {}", other->second, user.name, *user.uid));
    }
  }
  if (!bad.empty())
    return fail(joined(bad), "systemd-sysusers makes those of the package; see also \"users\"");
  return pass(fmt::format("{} users, no two the same, none root", users.size()));
}

Finding judge_files(std::span<const FileSeen> files) {
  std::vector<std::string> bad;
  for (const FileSeen& file : files) {
    if (const std::string why = complaint(file); !why.empty()) bad.push_back(why);
  }
  if (!bad.empty())
    return fail(
        joined(bad, "; "),
        "chown root:imrs-agent and chmod 0640 of agent.json and secrets.json, the same with imrs-web of the "
        "TLS key; chmod 0644 of trust anchors, and 0755 of the folders");
  if (files.empty()) return unknown("no file with secrets is known", "see the point configuration");
  return pass(
      fmt::format("{} files, open to nobody who need not read them, and to all who must", files.size()));
}

}  // namespace imrs::preflight
