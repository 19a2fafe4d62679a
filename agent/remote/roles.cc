// Who may do what from afar. Called by `imrsctl remote`. It must never let a word through that the table does
// not know.
#include "agent/remote/roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cctype>

namespace imrs::remote {
namespace {

using enum Kind;
constexpr Role kObserver = Role::Observer, kOperator = Role::Operator;
constexpr OptionRule kJson{"--json", Flag}, kReason{"--reason", Text};
constexpr OptionRule kRestart{"--restart", Flag}, kUnchecked{"--unchecked", Flag}, kZone{"--zone", Name};

constexpr Effect kLooks = Effect::Looks, kChanges = Effect::Changes, kUrgent = Effect::Urgent;
constexpr bool kInput = true, kConfig = true;

// Words; who; effect; standard input, --config; places, how many at least; options.
// clang-format off
constexpr CommandRule kCommands[] = {
    {"status", kObserver, kLooks, false, false, {}, 0, {kJson}},
    {"bgp", kObserver, kLooks, false, false, {}, 0, {kJson}},
    {"zone", kObserver, kLooks, false, false, {Name}, 0, {kJson}},
    {"probes", kObserver, kLooks, false, false, {}, 0, {kJson}},
    {"stats", kObserver, kLooks, false, false, {}, 0, {kJson, {"--top", Count}}},
    {"history", kObserver, kLooks, false, false, {}, 0, {kJson}},
    {"watch", kObserver, kLooks, false, false, {}, 0, {kJson, {"--times", Count, true}}},
    {"preflight", kObserver, kLooks, false, kConfig, {}, 0,
     {{kJson, {"--only", Word}, {"--store", Flag, false, kOperator}}}},
    {"attack-report", kObserver, kLooks, false, false, {}, 0, {kJson, {"--seconds", Seconds}}},
    {"drain", kOperator, kUrgent, false, kConfig, {Selector, Selector}, 0, {kJson, kReason}},
    {"withdraw", kOperator, kUrgent, false, kConfig, {Selector, Selector}, 0, {kJson, kReason}},
    {"resume", kOperator, kUrgent, false, kConfig, {Selector, Selector}, 0, {kJson, kReason}},
    {"waive", kOperator, kChanges, false, kConfig, {Word}, 1, {kJson, {"--until", Time}, {"--end", Flag}}},
    {"upgrade", kOperator, kChanges, false, false, {}, 0, {kJson, {"--program", Program}}},
    {"rotate trust-anchor", kOperator, kChanges, kInput, kConfig, {}, 0,
     {{kZone, {"--add", Flag}, {"--remove", Tag}, kUnchecked, kRestart}}},
    {"rotate tsig-key", kOperator, kChanges, kInput, kConfig, {Name}, 1, {kRestart}},
    {"rotate bgp-password", kOperator, kChanges, kInput, kConfig, {Neighbour}, 1, {}},
    {"rotate certificate", kOperator, kChanges, kInput, kConfig, {}, 0, {}},
    {"rotate client-ca", kOperator, kChanges, kInput, kConfig, {}, 0, {}},
    {"rollback", kOperator, kChanges, false, kConfig, {Word}, 1, {{kZone, kUnchecked, kRestart}}},
    {"config diff", kOperator, kLooks, kInput, kConfig, {Dash}, 1, {kJson}},
    {"config apply", kOperator, kChanges, kInput, kConfig, {Dash}, 1,
     {{{"--dry-run", Flag}, {"--within", Seconds}}}},
    {"config confirm", kOperator, kChanges, false, kConfig, {}, 0, {}},
    {"audit-log", kOperator, kLooks, false, kConfig, {}, 0, {kJson, {"--last", Count}}},
};
// clang-format on

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }

bool all_of(std::string_view text, std::string_view more, bool (*is)(char)) {
  return std::ranges::all_of(text, [&](char c) { return is(c) || more.find(c) != std::string_view::npos; });
}

bool is_number(std::string_view text, unsigned least, unsigned most) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= least && number <= most;
}

bool is_program(std::string_view text) {
  if (!text.starts_with(kPrograms) || text.size() > 200 || text.back() == '/') return false;
  return all_of(text, "._-/", is_alnum) && text.find("//") == std::string_view::npos &&
         text.find("/.") == std::string_view::npos;
}

bool is_neighbour(std::string_view text) {
  return text.size() <= 32 && is_lower(text.front()) &&
         all_of(text, "_", [](char c) { return is_lower(c) || is_digit(c); });
}

bool is_name(std::string_view text) {
  return text.size() <= 255 && text.front() != '-' && all_of(text, "._-", is_alnum);
}

bool fits(Kind kind, std::string_view text) {
  if (text.empty()) return false;
  switch (kind) {
    case None:
    case Flag: return false;
    case Selector:
    case Neighbour: return is_neighbour(text);
    case Name: return is_name(text);
    case Word: return text.size() <= 32 && is_lower(text.front()) && all_of(text, "-", is_lower);
    case Count:
    case Seconds: return is_number(text, 1, 3600);
    case Tag: return is_number(text, 0, 65535);
    case Time: return text.size() <= 32 && text.front() != '-' && all_of(text, "TZhmd:+-", is_digit);
    case Text:
      return text.size() <= 200 && std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
    case Program: return is_program(text);
    case Dash: return text == "-";
  }
  return false;
}

std::string_view described(Kind kind) {
  switch (kind) {
    case None:
    case Flag: return "nothing";
    case Selector: return "v4, v6 or the name of a neighbour's session";
    case Neighbour: return "the name of a neighbour's session";
    case Name: return "a domain name";
    case Word: return "one of the words that imrsctl --help has";
    case Count:
    case Seconds: return "a number from 1 to 3600";
    case Tag: return "a key tag, 0 to 65535";
    case Time: return "a time like 2026-11-27T12:00:00Z or +90m";
    case Text: return "a text of at most 200 characters";
    case Program: return "a program below /usr/lib/imrs/";
    case Dash: return "\"-\": files come on standard input";
  }
  return "";
}

std::string_view shape_of(Kind kind) {
  switch (kind) {
    case Selector: return "v4|v6|NEIGHBOUR";
    case Neighbour: return "NEIGHBOUR";
    case Name: return "NAME";
    case Word: return "WHAT";
    case Tag: return "TAG";
    case Time: return "TIME";
    case Text: return "TEXT";
    case Program: return "/usr/lib/imrs/FILE";
    case Dash: return "-";
    case Count: return "N";
    case Seconds: return "SECONDS";
    case None:
    case Flag: return "";
  }
  return "";
}

std::string bracketed(bool needed, const std::string& text) {
  return needed ? " " + text : " [" + text + "]";
}

std::size_t word_count(const CommandRule& rule) {
  return rule.words.find(' ') == std::string_view::npos ? 1 : 2;
}

// Word by word: "rotate certificate" between quotes is one word, and no command.
bool begins(const std::vector<std::string>& words, const CommandRule& rule) {
  const std::size_t count = word_count(rule);
  if (words.size() < count) return false;
  if (count == 1) return words[0] == rule.words;
  const std::size_t blank = rule.words.find(' ');
  return words[0] == rule.words.substr(0, blank) && words[1] == rule.words.substr(blank + 1);
}

const CommandRule* find_rule(const std::vector<std::string>& words) {
  const auto found = std::ranges::find_if(kCommands,
                                          [&](const CommandRule& rule) { return begins(words, rule); });
  return found == std::end(kCommands) ? nullptr : &*found;
}

Error bad_use(const CommandRule& rule, const std::string& what) {
  return Error{Errc::InvalidInput, fmt::format("{}: {}", rule.words, what)};
}

Error not_his(Role role, Role least, std::string_view what) {
  return Error{Errc::Refused, fmt::format("{}: is the {}'s, and this key is an {}'s", what, to_string(least),
                                          to_string(role))};
}

// Reads what follows the command's own words.
class Reader {
 public:
  Reader(Role role, const CommandRule& rule, std::span<const std::string> words)
      : role_(role), rule_(rule), words_(words) {}

  Result<std::vector<std::string>> run() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      const bool option = word.size() > 1 && word.front() == '-';
      if (auto taken = option ? take_option(word) : take_place(word); !taken) return taken.error();
    }
    if (places_ < rule_.needed) {
      return bad_use(rule_, fmt::format("give {}", described(rule_.places[places_])));
    }
    for (const OptionRule& one : rule_.options) {
      if (one.required && !has(one)) return bad_use(rule_, fmt::format("{} is needed", one.name));
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool has(const OptionRule& option) const {
    return std::ranges::find(seen_, option.name) != seen_.end();
  }

  Result<void> take_place(const std::string& word) {
    const Kind kind = places_ < rule_.places.size() ? rule_.places[places_] : None;
    if (kind == None) return bad_use(rule_, "takes no further word");
    if (!fits(kind, word)) return bad_use(rule_, fmt::format("must be {}", described(kind)));
    ++places_;
    out_.push_back(word);
    return {};
  }

  Result<void> take_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto found = std::ranges::find(rule_.options, name, &OptionRule::name);
    if (found == rule_.options.end()) return bad_use(rule_, "this option is not allowed from afar");
    if (role_ < found->least) return not_his(role_, found->least, fmt::format("{} {}", rule_.words, name));
    if (has(*found)) return bad_use(rule_, name + " is given twice");
    seen_.push_back(found->name);
    if (found->kind == Flag) {
      if (equals != std::string::npos) return bad_use(rule_, name + " takes no value");
      out_.push_back(name);
      return {};
    }
    if (equals == std::string::npos && at_ == words_.size()) return bad_use(rule_, name + " needs a value");
    const std::string value = equals == std::string::npos ? words_[at_++] : word.substr(equals + 1);
    if (!fits(found->kind, value)) {
      return bad_use(rule_, fmt::format("{} must be {}", name, described(found->kind)));
    }
    out_.push_back(name + "=" + value);
    return {};
  }

  Role role_;
  const CommandRule& rule_;
  std::span<const std::string> words_;
  std::size_t at_ = 0, places_ = 0;
  std::vector<std::string_view> seen_;
  std::vector<std::string> out_;
};

bool is_base64(char c) { return is_alnum(c) || c == '+' || c == '/' || c == '='; }

// A path of small letters does not.
bool looks_like_key(std::string_view run) {
  if (run.size() < 16 || std::ranges::none_of(run, is_digit)) return false;
  return run.size() >= 24 || std::ranges::any_of(run, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string with_keys_masked(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    const std::size_t size = static_cast<std::size_t>(std::ranges::find_if_not(line, is_base64) -
                                                      line.begin());
    if (size == 0) {
      out += line.front() >= ' ' && line.front() < 127 ? line.front() : '?';
      line.remove_prefix(1);
      continue;
    }
    out += looks_like_key(line.substr(0, size)) ? "***" : line.substr(0, size);
    line.remove_prefix(size);
  }
  return out;
}

bool is_command(std::string_view words) {
  return std::ranges::find(kCommands, words, &CommandRule::words) != std::end(kCommands);
}

}  // namespace

Result<Role> parse_role(std::string_view text) {
  for (const Role role : {kObserver, kOperator}) {
    if (to_string(role) == text) return role;
  }
  return Error{Errc::InvalidInput, "--role must be observer or operator"};
}

std::string_view to_string(Role role) { return role == Role::Observer ? "observer" : "operator"; }

std::span<const CommandRule> commands() { return kCommands; }

Result<Call> authorize(Role role, const std::vector<std::string>& words) {
  std::vector<std::string> own = words;
  if (!own.empty() && own.front() == "imrsctl") own.erase(own.begin());
  const CommandRule* const rule = find_rule(own);
  if (rule == nullptr) {
    return Error{Errc::InvalidInput,
                 "there is no such command from afar; an empty command line lists those that are"};
  }
  if (role < rule->least) return not_his(role, rule->least, rule->words);
  const std::size_t count = word_count(*rule);
  auto rest = Reader(role, *rule, std::span(own).subspan(count)).run();
  if (!rest) return rest.error();
  own.resize(count);
  own.insert(own.end(), rest->begin(), rest->end());
  return Call{rule, std::move(own)};
}

std::string masked(std::string_view line) {
  constexpr std::size_t kMost = 300;
  std::string out = with_keys_masked(line);
  if (const std::size_t rotate = out.find("rotate"); rotate != std::string::npos) {
    const std::size_t what = out.find_first_not_of(' ', rotate + 6);
    const std::size_t end = std::min(out.find(' ', what), out.size());
    if (what != std::string::npos && !is_command("rotate " + out.substr(what, end - what))) {
      out = out.substr(0, what) + "***";
    } else if (end < out.size()) {
      out = out.substr(0, end) + " ***";
    }
  }
  if (out.size() > kMost) out = out.substr(0, kMost - 3) + "...";
  return out;
}

std::string commands_text(Role role) {
  std::string out;
  for (const CommandRule& rule : kCommands) {
    if (role < rule.least) continue;
    std::string line(rule.words);
    for (std::size_t i = 0; i < rule.places.size(); ++i) {
      if (rule.places[i] == None) continue;
      line += bracketed(i < rule.needed, std::string(shape_of(rule.places[i])));
    }
    for (const OptionRule& option : rule.options) {
      if (option.kind == None || role < option.least) continue;
      const std::string value = option.kind == Flag ? "" : fmt::format(" {}", shape_of(option.kind));
      line += bracketed(option.required, std::string(option.name) + value);
    }
    out += line + (rule.input ? "   < FILE" : "") + "\n";
  }
  return out;
}

}  // namespace imrs::remote
