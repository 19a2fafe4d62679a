// agent/remote/kept_file.h
// Files that are replaced whole, with what was there kept beside them as FILE.previous, once. Nobody else may
// be at it meanwhile: see lock_directory().
//
// A replacement is replace_kept(), and then settle() if it is to stay, or put_back(). Between the two the
// .previous of the time before is kept as FILE.previous.before. After a kill or a power cut at any point
// settle() makes it one of two: FILE and .previous as they were, or the new FILE and what was there before.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs::remote {

// The user of a program that has to read the file.
struct FileReader {
  uid_t uid = 0;
  gid_t group = 0;
  bool everybody = false;  // may read it: it is public
};
inline constexpr FileReader kEverybody{0, 0, true};

enum class Before : std::uint8_t { There, Nothing };  // what a replacement has found

// At any moment, a power cut too, `path` is the old file or the new one, whole. The new one has the owner,
// group and mode of the old one; if there was none, those of its directory, and 0640. If `reader` could not
// read it then, it is of the reader's group, and 0640; one for everybody is 0644. Removes what replacements
// that were killed have left (`path`.new- and six characters), and settles. Errc::InvalidInput: it is a link
// or no regular file. After an error `path` and its .previous are as they were.
[[nodiscard]] Result<Before> replace_kept(const std::string& path, std::string_view content,
                                          const std::optional<FileReader>& reader = std::nullopt);

// Changes the group and mode of the file that is there, as above, if `reader` cannot read it. Does nothing if
// there is none.
[[nodiscard]] Result<void> let_read(const std::string& path, const FileReader& reader);

// Takes the last replace_kept(), which has found `before`, back: the file and its .previous are as they were,
// settled too; if there was no file, it is removed.
[[nodiscard]] Result<void> put_back(const std::string& path, Before before);

// As above. Nothing to do: nothing is done.
[[nodiscard]] Result<void> settle(const std::string& path);

// Whether a replacement was cut off, and there is a .previous of the time before it to settle with.
[[nodiscard]] bool is_unsettled(const std::string& path);

// Exchanges it and its .previous, in one step. Errc::Unavailable: there is no .previous.
[[nodiscard]] Result<void> exchange_with_previous(const std::string& path);

}  // namespace imrs::remote
