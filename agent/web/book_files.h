// agent/web/book_files.h
// The finished days' files (day_book.h), as they are served beneath /rssac002/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imrs::web {

// `path`: what follows /rssac002/, as it was asked for. Nothing: no such file or folder, or a name that none
// can have. Never leaves `directory`, never follows a link at a file's end.
struct BookFile {
  std::vector<std::string> entries;  // of a folder, sorted, folders with "/" at their end
  std::string content;               // of a file
  bool folder = false;
};
[[nodiscard]] std::optional<BookFile> find_book_file(const std::string& directory, std::string_view path);

// A folder as a page of links.
[[nodiscard]] std::string folder_page(std::string_view path, const BookFile& folder);

}  // namespace imrs::web
