// agent/remote/kept_file.h
// Files that are replaced whole, with what was there kept beside them as FILE.previous, once.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs::remote {

// The user of a program that has to read the file.
struct FileReader {
  uid_t uid = 0;
  gid_t group = 0;
};

// At any moment, a power cut too, `path` is the old file or the new one, whole. The new one has the owner,
// group and mode of the old one; if there was none, those of its directory, and 0640. If `reader` could not
// read it then, it is of the reader's group, and 0640. Removes what replacements that were killed have left
// (`path`.new- and six characters), so nobody else may be in one: see lock_directory(). Errc::InvalidInput:
// it is a link or no regular file. After an error `path` is as it was.
[[nodiscard]] Result<void> replace_kept(const std::string& path, std::string_view content,
                                        const std::optional<FileReader>& reader = std::nullopt);

// Changes the group and mode of the file that is there, as above, if `reader` cannot read it. Does nothing if
// there is none.
[[nodiscard]] Result<void> let_read(const std::string& path, const FileReader& reader);

// Takes the last replace_kept() back: what was there before is there again, and no .previous any more; if
// nothing was, the file is removed.
[[nodiscard]] Result<void> put_back(const std::string& path);

// Exchanges it and its .previous, in one step. Errc::Unavailable: there is no .previous.
[[nodiscard]] Result<void> exchange_with_previous(const std::string& path);

}  // namespace imrs::remote
