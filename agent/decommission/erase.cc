// Lists and erases. Called by the execution of a decommissioning, when no program of the appliance runs any
// more. It must never leave the directory that it was given.
#include "agent/decommission/erase.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <span>

#include "agent/base/hex.h"
#include "agent/base/unique_fd.h"

namespace imrs::decommission {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostItems = 1'000'000;
constexpr int kMostDepth = 32;
constexpr std::size_t kPiece = 65536;  // octets

Error refused(const std::string& what) { return Error{Errc::Refused, what}; }

// Each part of the path is a directory itself, no link. Unavailable: one is not there.
Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd fd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::size_t begin = 1;
  while (fd && begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    fd.reset(::openat(fd.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == ENOENT) return Error{Errc::Unavailable, path + " is not there"};
    if (!fd && (errno == ELOOP || errno == ENOTDIR)) {
      return refused(path.substr(0, end) +
                     " is a symbolic link or no directory: nothing behind it is erased; name "
                     "the directory itself in agent.json");
    }
    begin = end + 1;
  }
  if (!fd) return system_error(path);
  return fd;
}

Result<std::string> sha256_of(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return system_error(path);
  const std::unique_ptr<EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context(::EVP_MD_CTX_new(),
                                                                          ::EVP_MD_CTX_free);
  if (!context || ::EVP_DigestInit_ex(context.get(), ::EVP_sha256(), nullptr) != 1) {
    return Error{Errc::System, path + ": no SHA-256"};
  }
  std::array<std::uint8_t, kPiece> piece;
  for (;;) {
    const ssize_t n = ::read(fd.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path);
    if (n == 0) break;
    ::EVP_DigestUpdate(context.get(), piece.data(), static_cast<std::size_t>(n));
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  ::EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  return hex_text(std::span(digest).first(size));
}

// 0: it cannot be known.
nlink_t names_in(int directory, const struct stat& file) {
  UniqueFd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return 0;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::fdopendir(fd.get()), ::closedir);
  if (!open) return 0;
  (void)fd.release();  // is closed with it
  nlink_t count = 0;
  while (const dirent* const entry = ::readdir(open.get())) {
    struct stat status {};
    if (::fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (status.st_dev == file.st_dev && status.st_ino == file.st_ino) ++count;
  }
  return count;
}

bool is_elsewhere_than(int directory, const struct stat& file) {
  return file.st_nlink > 1 && file.st_nlink > names_in(directory, file);
}

Result<Item> item_of(const std::string& path, const struct stat& status) {
  Item item;
  item.path = path;
  item.kind = S_ISREG(status.st_mode) ? "file" : S_ISLNK(status.st_mode) ? "link" : "other";
  if (S_ISLNK(status.st_mode)) item.leads_to = target_of(path);
  if (!S_ISREG(status.st_mode)) return item;
  item.elsewhere = is_elsewhere(path, status);
  item.size = static_cast<std::uint64_t>(status.st_size);
  if ((status.st_mode & S_IROTH) == 0) return item;
  auto digest = sha256_of(path);
  if (!digest) return digest.error();
  item.sha256 = std::move(*digest);
  return item;
}

// Empty, or why not.
std::string overwrite(int directory, const std::string& name) {
  struct stat status {};
  const UniqueFd fd(::openat(directory, name.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd || ::fstat(fd.get(), &status) != 0) return system_error("it cannot be written").message;
  if (!S_ISREG(status.st_mode)) return "it is no regular file";
  if (is_elsewhere_than(directory, status)) return "it has another name elsewhere";
  const std::array<char, kPiece> zeros{};
  for (off_t at = 0; at < status.st_size;) {
    const std::size_t size = std::min(zeros.size(), static_cast<std::size_t>(status.st_size - at));
    const ssize_t n = ::pwrite(fd.get(), zeros.data(), size, at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return system_error("it cannot be written").message;
    at += n;
  }
  return ::fsync(fd.get()) == 0 ? "" : system_error("it cannot be synced").message;
}

}  // namespace

Result<void> walk(const std::string& directory, const Visit& visit) {
  const auto top = open_directory(directory);
  if (!top && top.error().code == Errc::Unavailable) return {};
  if (!top) return top.error();
  struct stat own {};
  if (::fstat(top->get(), &own) != 0) return system_error(directory);
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::none, error), end;
  for (std::size_t count = 0; !error && entry != end; entry.increment(error), ++count) {
    const std::string path = entry->path().string();
    if (entry.depth() > kMostDepth || count > kMostItems)
      return refused(path + ": too much lies in " + directory);
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) continue;  // gone meanwhile: as long as the programs run, files come and go
      return system_error(path);
    }
    if (status.st_dev != own.st_dev) {
      return refused(path + " is another file system; unmount it: it may be the host's");
    }
    if (auto visited = visit(path, status); !visited) return visited;
  }
  if (error) return system_error(directory, error.value());
  return {};
}

std::string target_of(const std::string& link) {
  std::error_code error;
  const fs::path whole = fs::canonical(link, error);
  if (!error) return whole.string();
  return (fs::path(link).parent_path() / fs::read_symlink(link, error)).lexically_normal().string();
}

bool is_elsewhere(const std::string& path, const struct stat& status) {
  if (status.st_nlink <= 1) return false;
  const auto directory = open_directory(path.substr(0, path.rfind('/')));
  return !directory || is_elsewhere_than(directory->get(), status);
}

Result<std::vector<Item>> list_items(const std::string& directory, const Skip& skip) {
  std::vector<Item> items;
  const auto walked = walk(directory,
                           [&](const std::string& path, const struct stat& status) -> Result<void> {
                             if (S_ISDIR(status.st_mode) || skip(path, status)) return {};
                             auto item = item_of(path, status);
                             if (!item) return item.error();
                             items.push_back(std::move(*item));
                             return {};
                           });
  if (!walked) return walked.error();
  std::ranges::sort(items, {}, &Item::path);
  return items;
}

Result<std::string> erase_item(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const auto directory = open_directory(path.substr(0, slash));
  if (!directory && directory.error().code == Errc::Unavailable) return std::string(kWasGone);
  if (!directory) return directory.error();
  const std::string name = path.substr(slash + 1);
  struct stat status {};
  if (::fstatat(directory->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? Result<std::string>(std::string(kWasGone)) : system_error(path);
  }
  std::string outcome = "removed";
  if (S_ISREG(status.st_mode)) {
    const std::string why = overwrite(directory->get(), name);
    outcome = why.empty() ? "overwritten and removed" : "removed, not overwritten: " + why;
  }
  if (::unlinkat(directory->get(), name.c_str(), 0) != 0) return system_error("remove " + path);
  if (::fsync(directory->get()) != 0) return system_error("sync the directory of " + path);
  return outcome;
}

void remove_empty_directories(const std::string& directory) {
  std::vector<std::string> found;
  (void)!walk(directory, [&](const std::string& path, const struct stat& status) -> Result<void> {
    if (S_ISDIR(status.st_mode)) found.push_back(path);
    return {};
  }).ok();
  for (auto path = found.rbegin(); path != found.rend(); ++path) (void)::rmdir(path->c_str());
}

}  // namespace imrs::decommission
