// tests/dns/zone/zone_files.h
// Zone files for the tests: the goldens, changed line by line, in a directory that goes with the test.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace imrs::test {

inline std::string golden_path(const std::string& name) {
  return std::string(IMRS_GOLDEN_DIR) + "/zone/" + name;
}

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string golden(const std::string& name) { return read_text(golden_path(name)); }

class TempDir {
 public:
  TempDir() {
    std::string name = std::filesystem::temp_directory_path() / "imrs-test.XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file as a careful operator does: whole, by rename.
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name + ".new"), std::ios::binary) << text;
    std::filesystem::rename(path(name + ".new"), path(name));
    return path(name);
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

// The text with `from` replaced by `to` once; aborts if it is not there (a test that changes nothing
// proves nothing).
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) std::abort();
  return text.replace(at, from.size(), to);
}

// Without the lines that start with `start` and hold `part`; aborts if there are none.
inline std::string without(const std::string& text, std::string_view start, std::string_view part = "") {
  std::istringstream in(text);
  std::string out;
  bool found = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(start) && line.find(part) != std::string::npos) {
      found = true;
    } else {
      out += line + "\n";
    }
  }
  if (!found) std::abort();
  return out;
}

}  // namespace imrs::test
