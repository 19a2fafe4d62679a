// agent/decommission/erase.h
// Lists and erases what is in a directory. Follows no symbolic link and leaves the file system it began on.
//
// A file is overwritten with zeros before it is removed. That takes it from a file system that writes in
// place to a disk that does; a solid state drive, a file system that copies on write or has a journal of
// data, and a snapshot may keep the old blocks. Who has to be sure destroys the drive, or the key of an
// encrypted one.
#pragma once

#include <sys/stat.h>

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

// Visits everything below `directory`, directories too, each before what is in it; an error of `visit` ends
// it. Not there: nothing. Errc::Refused says what on the way to it is a link, or what in it is another file
// system.
using Visit = std::function<Result<void>(const std::string& path, const struct stat& status)>;
[[nodiscard]] Result<void> walk(const std::string& directory, const Visit& visit);

// Where a link leads to in the end, absolute; if nothing is there, what it says.
[[nodiscard]] std::string target_of(const std::string& link);

// A file has more names than can be counted in its own directory. There, names of one file beside each other
// are ours: what replaces a file keeps the one before by a second name, and may have been cut off.
[[nodiscard]] bool is_elsewhere(const std::string& path, const struct stat& status);

using Skip = std::function<bool(const std::string& path, const struct stat& status)>;

// Everything below `directory` but directories and what `skip` says, by name. A digest is made of files that
// everybody may read. Not there: nothing.
[[nodiscard]] Result<std::vector<Item>> list_items(const std::string& directory, const Skip& skip);

// Removes one of them, and says in words how. It is not there: kWasGone.
inline constexpr std::string_view kWasGone = "was gone already";
[[nodiscard]] Result<std::string> erase_item(const std::string& path);

// Removes the empty directories below it. What is not empty stays.
void remove_empty_directories(const std::string& directory);

}  // namespace imrs::decommission
