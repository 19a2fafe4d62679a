// Reads what the day book has written. Called by the site, for the ops listener only.
#include "agent/web/book_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "agent/base/regular_file.h"
#include "agent/web/frame.h"
#include "agent/web/text.h"

namespace imrs::web {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPath = 200;       // characters
constexpr std::size_t kMaxFile = 8U << 20;  // octets
constexpr std::size_t kMaxEntries = 2000;

// Letters, digits, hyphens and single dots; no empty part but a last one.
bool is_plain(std::string_view path) {
  const bool allowed = std::ranges::all_of(path, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '/';
  });
  return allowed && path.size() <= kMaxPath && !path.starts_with('/') && !path.starts_with('.') &&
         path.find("..") == std::string_view::npos && path.find("//") == std::string_view::npos &&
         path.find("/.") == std::string_view::npos;
}

// No link on the way leads elsewhere.
bool is_within(const std::string& directory, const std::string& path) {
  std::error_code error;
  const fs::path root = fs::canonical(directory, error), real = fs::canonical(path, error);
  if (error) return false;
  return std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end() &&
         !fs::is_symlink(fs::symlink_status(path, error));
}

BookFile list(const std::string& path) {
  BookFile out;
  out.folder = true;
  std::error_code error;
  for (auto entry = fs::directory_iterator(path, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    std::string name = entry->path().filename().string();
    if (!is_plain(name) || out.entries.size() >= kMaxEntries) continue;
    if (entry->is_directory(ignored)) name += "/";
    out.entries.push_back(std::move(name));
  }
  std::ranges::sort(out.entries);
  return out;
}

}  // namespace

std::optional<BookFile> find_book_file(const std::string& directory, std::string_view path) {
  if (directory.empty() || !is_plain(path)) return {};
  const std::string full = directory + "/" + std::string(path);
  struct stat status {};
  if (::lstat(full.c_str(), &status) != 0 || !is_within(directory, full)) return {};
  if (S_ISDIR(status.st_mode)) return list(full);
  auto content = read_regular_file(full, kMaxFile);
  if (!content) return {};
  return BookFile{{}, std::move(*content), false};
}

std::string folder_page(std::string_view path, const BookFile& folder) {
  std::string body = fmt::format("<header><h1>RSSAC002: /{}</h1></header>\n<main><ul>\n", escape_html(path));
  if (!path.empty()) body += "<li><a href=\"../\">../</a></li>\n";
  for (const std::string& entry : folder.entries) {
    body += fmt::format("<li><a href=\"{0}\">{0}</a></li>\n", escape_html(entry));
  }
  if (folder.entries.empty()) body += "<li>No finished day yet.</li>\n";
  return document({.title = "RSSAC002"}, body + "</ul></main>\n");
}

}  // namespace imrs::web
