// agent/preflight/system_points.h
// The points about what is installed: kernel, BIRD, firewall, users, files with secrets. Pure: facts in, a
// finding out.
#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/preflight/report.h"

namespace imrs::preflight {

// The first numbers in a text: {6, 1, 0} of "6.1.0-13-amd64", {2, 0, 12} of "BIRD version 2.0.12". Nothing:
// there is no number with a dot.
[[nodiscard]] std::optional<std::array<int, 3>> version_of(std::string_view text);

// `release`: as uname(2) gives it.
[[nodiscard]] Finding judge_kernel(const std::string& release);

struct KernelFeatures {
  std::string tun;   // why /dev/net/tun is of no use; empty: it is there
  int landlock = 0;  // version of its interface; 0: none
  bool seccomp = false;
};
[[nodiscard]] Finding judge_tun(const KernelFeatures& features);
[[nodiscard]] Finding judge_landlock(const KernelFeatures& features);
[[nodiscard]] Finding judge_seccomp(const KernelFeatures& features);

// `version`: what the program says of itself.
[[nodiscard]] Finding judge_bird(const Result<std::string>& version);

struct FirewallSeen {
  std::string unit;           // state of imrs-firewall (unit_state()); empty: nobody says it
  std::optional<bool> table;  // its rules are loaded; nothing: nft does not say it
};
[[nodiscard]] Finding judge_firewall(const FirewallSeen& seen);

struct User {
  std::string name;          // of the system's user, or of the program if it has none
  std::optional<uid_t> uid;  // nothing: there is no such user
};
// There, none of them root, no two the same.
[[nodiscard]] Finding judge_users(std::span<const User> users);

struct Access {
  mode_t mode = 0;  // permissions
  uid_t owner = 0;
  gid_t group = 0;
};
struct Folder {
  std::string path;
  Access access;
};
// A program's user, who is in no other groups.
struct Reader {
  std::string name;
  uid_t uid = 0;
  gid_t group = 0;
};

struct FileSeen {
  std::string path;
  mode_t forbidden = 0;  // bits that its mode must not have
  std::string error;     // why it cannot be looked at; empty: it was
  Access access;
  std::vector<uid_t> owners;    // who besides root may own it
  mode_t folder_mode = 0;       // permissions of the directory it is in
  std::vector<Reader> readers;  // who have to be able to read it
  std::vector<Folder> folders;  // if there are readers: those that it is in, up to the topmost
};
// None open to more than it may be, and each to its readers.
[[nodiscard]] Finding judge_files(std::span<const FileSeen> files);

}  // namespace imrs::preflight
