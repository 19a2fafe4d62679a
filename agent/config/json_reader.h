// agent/config/json_reader.h
// Strict reading of one JSON object: every key is asked for by name, what was not asked for is unknown.
// Errors are collected, each with the path of its key.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace imrs {

using Json = nlohmann::json;

// What is wrong, in the order found. Never holds a value that may be secret.
class Complaints {
 public:
  void add(const std::string& path, const std::string& what) {
    texts_.push_back((path.empty() ? "the top level" : path) + ": " + what);
  }
  [[nodiscard]] bool empty() const { return texts_.empty(); }
  [[nodiscard]] Error error() const;

 private:
  std::vector<std::string> texts_;
};

class ObjectReader {
 public:
  // `json` may be null (the key was missing): every key is then taken as missing.
  ObjectReader(const Json* json, std::string path, Complaints& complaints);
  // Complains of the keys nobody asked for.
  ~ObjectReader();
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  [[nodiscard]] bool has(const char* key) const;
  // The member, or null; marks it as known.
  const Json* member(const char* key);
  const Json* required(const char* key);

  void text(const char* key, std::string& out, bool is_required = false);
  void boolean(const char* key, bool& out);
  // Reads into any integer type; out of [least, most]: a complaint.
  template <typename T>
  void number(const char* key, T& out, std::int64_t least, std::int64_t most, bool is_required = false) {
    std::int64_t value = 0;
    if (read_number(key, value, least, most, is_required)) out = static_cast<T>(value);
  }
  // One of the words.
  template <typename T>
  void choice(const char* key, T& out, const std::vector<std::pair<const char*, T>>& words,
              bool is_required = false) {
    std::string word;
    const Json* there = is_required ? required(key) : member(key);
    if (there == nullptr) return;
    text(key, word);
    std::string all;
    for (const auto& [name, value] : words) {
      if (word == name) {
        out = value;
        return;
      }
      all += (all.empty() ? "" : " or ") + std::string("\"") + name + "\"";
    }
    complain(key, "use " + all);
  }
  // Text that `parse` turns into T.
  template <typename T>
  void parsed(const char* key, T& out, Result<T> (*parse)(std::string_view), bool is_required = false) {
    std::string value;
    text(key, value, is_required);
    if (value.empty()) return;
    auto result = parse(value);
    if (result) {
      out = std::move(*result);
    } else {
      complain(key, result.error().message);
    }
  }
  // Each element of an array, with its path.
  void each(const char* key, const std::function<void(const Json&, const std::string&)>& take,
            bool is_required = false);
  // An array of texts, each turned into T.
  template <typename T>
  void parsed_list(const char* key, std::vector<T>& out, Result<T> (*parse)(std::string_view),
                   bool is_required = false) {
    if (!has(key) && !is_required) return;
    out.clear();
    each(
        key,
        [&](const Json& element, const std::string& where) {
          if (!element.is_string()) return complaints_.add(where, "must be text");
          auto result = parse(element.get<std::string>());
          if (!result) return complaints_.add(where, result.error().message);
          out.push_back(std::move(*result));
        },
        is_required);
  }

  void complain(const char* key, const std::string& what) { complaints_.add(path_to(key), what); }
  [[nodiscard]] std::string path_to(const char* key) const { return path_.empty() ? key : path_ + "." + key; }
  [[nodiscard]] Complaints& complaints() { return complaints_; }

 private:
  bool read_number(const char* key, std::int64_t& out, std::int64_t least, std::int64_t most,
                   bool is_required);

  const Json* json_;
  std::string path_;
  Complaints& complaints_;
  std::set<std::string> known_;
};

// JSON text without comments and without a key given twice in one object.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

}  // namespace imrs
