// Called by the tests of the reply reader and of the parsers.
#include "transcript.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace imrs::bgp::test {
namespace {

struct Line {
  int connection = 1;
  char direction = '<';
  std::string text;  // unescaped, with LF unless "\c" said otherwise
};

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (text.substr(i, 2) == "\\c") {
      return out;
    } else if (text.substr(i, 2) == "\\x") {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 2, 2)), nullptr, 16));
      i += 3;
    } else {
      out += text[++i];
    }
  }
  return out + '\n';
}

std::optional<Line> parse_line(std::string_view text) {
  Line line;
  if (!text.empty() && text[0] >= '1' && text[0] <= '9') {
    line.connection = text[0] - '0';
    text.remove_prefix(1);
  }
  if (!text.starts_with("< ") && !text.starts_with("> ")) return std::nullopt;
  line.direction = text[0];
  line.text = unescape(text.substr(2));
  return line;
}

std::vector<Line> lines_of(const std::string& file) {
  std::vector<Line> lines;
  std::istringstream text(read_file(golden_path(file)));
  for (std::string line; std::getline(text, line);) {
    if (auto parsed = parse_line(line)) lines.push_back(*std::move(parsed));
  }
  return lines;
}

}  // namespace

std::string golden_path(const std::string& file) { return std::string(IMRS_GOLDEN_DIR) + "/bird/" + file; }

std::vector<std::string> golden_files(const std::string& start) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(golden_path(""))) {
    const std::string name = entry.path().filename();
    if (name.starts_with(start)) names.push_back(name);
  }
  return names;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::map<int, std::string> bird_bytes(const std::string& file) {
  std::map<int, std::string> bytes;
  for (const Line& line : lines_of(file)) {
    if (line.direction == '<') bytes[line.connection] += line.text;
  }
  return bytes;
}

std::vector<Exchange> exchanges(const std::string& file) {
  std::vector<Exchange> all;
  std::string command;
  ReplyReader reader;
  for (const Line& line : lines_of(file)) {
    if (line.connection != 1) continue;
    if (line.direction == '>') {
      command = line.text.substr(0, line.text.find('\n'));
      continue;
    }
    if (!reader.feed(line.text)) throw std::runtime_error(file + ": not a conversation");
    auto reply = reader.take_reply();
    if (reply && !command.empty()) all.push_back({command, *std::move(reply)});
  }
  return all;
}

}  // namespace imrs::bgp::test
