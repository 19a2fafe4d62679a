// The grammar of BIRD's control socket. Called by Control with whatever a read returned. It must never
// trust the other side: neither its lines nor its length.
#include "bgp/reply.h"

#include <fmt/format.h>

#include <algorithm>

namespace imrs::bgp {
namespace {

constexpr std::size_t kShownInError = 60;  // octets of a line that is not understood

// What a line costs in memory, so that a million empty ones count too.
std::size_t weight(std::string_view text) { return text.size() + sizeof(ReplyLine); }

std::size_t weight(const Reply& reply) {
  std::size_t sum = weight(reply.text);
  for (const ReplyLine& line : reply.lines) sum += weight(line.text);
  return sum;
}

std::string_view without_trailing_blanks(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r");
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

// The four digits a line starts with; -1 if it does not.
int code_of(std::string_view line) {
  if (line.size() < 5) return -1;
  int code = 0;
  for (const char c : line.substr(0, 4)) {
    if (c < '0' || c > '9') return -1;
    code = code * 10 + (c - '0');
  }
  return code;
}

}  // namespace

bool Reply::has_line(int line_code) const noexcept {
  return std::ranges::any_of(lines, [&](const ReplyLine& line) { return line.code == line_code; });
}

Result<void> ReplyReader::feed(std::string_view bytes) {
  while (!broken_ && !bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > kMaxLine) return fail("a line is too long");
    line_.append(piece);
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    if (auto taken = take_line(); !taken) return taken;
    line_.clear();
  }
  if (broken_) return *broken_;
  return {};
}

Result<void> ReplyReader::take_line() {
  const std::string_view line = line_;
  if (line.starts_with('+') || line.starts_with('<')) {
    add_async(line.starts_with('+') ? line.substr(1) : line);
    return {};
  }
  if (line.starts_with(' ')) {
    if (last_code_ < 0) return fail("a reply starts with a continuation");
    return add_line(last_code_, line.substr(1));
  }
  const int code = code_of(line);
  const bool continues = code >= 0 && line[4] == '-';
  if (code < 0 || (!continues && line[4] != ' ')) return fail("a line has no reply code");
  if (continues) {
    last_code_ = code;
    return add_line(code, line.substr(5));
  }
  current_.code = code;
  current_.text = without_trailing_blanks(line.substr(5));
  held_ += weight(current_.text);
  if (held_ > kMaxHeld) return fail("a reply is too long");
  replies_.push_back(std::move(current_));
  current_ = {};
  last_code_ = -1;
  return {};
}

Result<void> ReplyReader::add_line(int code, std::string_view text) {
  text = without_trailing_blanks(text);
  held_ += weight(text);
  if (held_ > kMaxHeld) return fail("a reply is too long");
  current_.lines.push_back({code, std::string(text)});
  return {};
}

void ReplyReader::add_async(std::string_view text) {
  if (async_.size() == kMaxAsync) async_.pop_front();
  async_.emplace_back(without_trailing_blanks(text));
}

Result<void> ReplyReader::fail(std::string_view why) {
  const std::string shown = line_.substr(0, kShownInError);
  broken_ = Error{Errc::InvalidInput,
                  fmt::format("BIRD's reply cannot be understood: {}: \"{}\" (is this BIRD's control "
                              "socket?)",
                              why, shown)};
  line_ = {};
  current_ = {};
  return *broken_;
}

std::optional<Reply> ReplyReader::take_reply() {
  if (replies_.empty()) return std::nullopt;
  Reply reply = std::move(replies_.front());
  replies_.pop_front();
  held_ -= weight(reply);
  return reply;
}

std::vector<std::string> ReplyReader::take_async() {
  std::vector<std::string> lines(async_.begin(), async_.end());
  async_.clear();
  return lines;
}

}  // namespace imrs::bgp
