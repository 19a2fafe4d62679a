// agent/decommission/erase.h
// Lists and erases what is in a directory. Follows no symbolic link and leaves the file system it began on.
//
// A file is overwritten with zeros before it is removed. That takes it from a file system that writes in
// place to a disk that does; a solid state drive, a file system that copies on write or has a journal of
// data, and a snapshot may keep the old blocks. Who has to be sure destroys the drive, or the key of an
// encrypted one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/decommission/journal.h"

namespace imrs::decommission {

inline constexpr std::string_view kAboutErasing =
    "Each file was overwritten once with zeros and removed. That takes it from a disk that writes in place. "
    "A "
    "solid state drive, a file system that copies on write, a journal of data or a snapshot may keep old "
    "blocks: "
    "who has to be sure destroys the drive, or the key of an encrypted one.";

using Skip = std::function<bool(const std::string& path)>;

// Nobody, no link on the way, is in the place of the directory. Not there: good too. Errc::Refused says what
// it is instead, or what in it is another file system.
[[nodiscard]] Result<void> check_directory(const std::string& directory);

// Everything below `directory` but directories and what `skip` says, by name. A digest is made of files that
// everybody may read. Not there: nothing.
[[nodiscard]] Result<std::vector<Item>> list_items(const std::string& directory, const Skip& skip);

// Removes one of them, and says in words how. It is not there: kWasGone.
inline constexpr std::string_view kWasGone = "was gone already";
[[nodiscard]] Result<std::string> erase_item(const std::string& path);

// Removes the empty directories below it. What is not empty stays.
void remove_empty_directories(const std::string& directory);

}  // namespace imrs::decommission
