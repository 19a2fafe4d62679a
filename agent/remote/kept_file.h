// agent/remote/kept_file.h
// Files that are replaced whole, with what was there kept beside them as FILE.previous, once.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace imrs::remote {

// At any moment, a power cut too, `path` is the old file or the new one, whole. The new one has the owner,
// group and mode of the old one; if there was none, those of its directory, and 0640. Errc::InvalidInput: it
// is a link or no regular file. After an error `path` is as it was.
[[nodiscard]] Result<void> replace_kept(const std::string& path, std::string_view content);

// Takes the last replace_kept() back: what was there before is there again, and no .previous any more; if
// nothing was, the file is removed.
[[nodiscard]] Result<void> put_back(const std::string& path);

// Exchanges it and its .previous, in one step. Errc::Unavailable: there is no .previous.
[[nodiscard]] Result<void> exchange_with_previous(const std::string& path);

}  // namespace imrs::remote
