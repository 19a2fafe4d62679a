// The splitter of command lines. Called by `imrsctl remote` with what an SSH client has sent. It must never
// make more of a line than its words.
#include "agent/remote/shell_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace imrs::remote {
namespace {

constexpr std::string_view kPlain = "._:/+-=@%,^";  // besides letters and digits

bool is_printable(char c) { return c >= ' ' && c < 127; }

bool is_plain(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || kPlain.find(c) != std::string_view::npos;
}

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line) {}

  Result<std::vector<std::string>> run() {
    while (at_ < line_.size()) {
      if (line_[at_] == ' ' || line_[at_] == '\t') {
        end_word();
        ++at_;
      } else if (auto taken = take(); !taken) {
        return taken.error();
      }
      if (word_.size() > kMostWord) return wrong(fmt::format("the word is longer than {} octets", kMostWord));
      if (words_.size() > kMostWords) return wrong(fmt::format("more than {} words", kMostWords));
    }
    end_word();
    if (words_.size() > kMostWords) return wrong(fmt::format("more than {} words", kMostWords));
    return std::move(words_);
  }

 private:
  [[nodiscard]] Error wrong(const std::string& why) const {
    return Error{Errc::InvalidInput, fmt::format("octet {}: {}", std::min(at_ + 1, line_.size()), why)};
  }

  void end_word() {
    if (inside_) words_.push_back(std::move(word_));
    word_.clear();
    inside_ = false;
  }

  // What stands at at_, and goes behind it.
  Result<void> take() {
    const char c = line_[at_];
    if (!is_printable(c)) return wrong("only printable ASCII is taken");
    inside_ = true;
    if (c == '\'' || c == '"') return take_quoted(c);
    if (c == '\\') return take_escaped();
    if (!is_plain(c)) return wrong("no shell reads this; what is meant as text belongs between quotes");
    word_ += c;
    ++at_;
    return {};
  }

  Result<void> take_escaped() {
    if (at_ + 1 == line_.size()) return wrong("nothing follows the backslash");
    if (!is_printable(line_[at_ + 1])) return wrong("only printable ASCII is taken");
    word_ += line_[at_ + 1];
    at_ += 2;
    return {};
  }

  Result<void> take_quoted(char quote) {
    const std::size_t begin = at_++;
    for (; at_ < line_.size() && line_[at_] != quote; ++at_) {
      char c = line_[at_];
      if (!is_printable(c)) return wrong("only printable ASCII is taken");
      if (quote == '"' && (c == '$' || c == '`')) {
        return wrong("no shell reads this, so nothing is expanded; use single quotes");
      }
      // XCU 2.2.3: between double quotes a backslash is one, but before these.
      const char next = at_ + 1 < line_.size() ? line_[at_ + 1] : ' ';
      if (quote == '"' && c == '\\' && std::string_view("$`\"\\").find(next) != std::string_view::npos) {
        c = next;
        ++at_;
      }
      word_ += c;
    }
    if (at_ == line_.size()) {
      at_ = begin;
      return wrong("the quote that begins here does not end");
    }
    ++at_;
    return {};
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::vector<std::string> words_;
  std::string word_;
  bool inside_ = false;  // a word has begun, though it may be empty yet
};

std::string quoted_word(const std::string& word) {
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

Result<std::vector<std::string>> shell_words(std::string_view line) {
  if (line.size() > kMostLine) {
    return Error{Errc::InvalidInput, fmt::format("it is longer than {} octets", kMostLine)};
  }
  return Splitter(line).run();
}

std::string quoted(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + quoted_word(word);
  return out;
}

}  // namespace imrs::remote
