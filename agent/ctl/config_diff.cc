// Compares configurations. Called by `imrsctl config`. It must never show what a secret is, wherever it
// stands.
#include "agent/ctl/config_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "agent/config/json_reader.h"

namespace imrs::ctl {
namespace {

constexpr const char* kSecretKeys[] = {"password", "secret", "cookie_secrets", "source_key"};
constexpr const char* kNameKeys[] = {"name", "origin", "prefix", "address"};
constexpr int kMostDepth = 32;  // no configuration has more; what is below is compared as one

using Kind = Difference::Kind;

bool is_secret(const std::string& key) {
  return std::ranges::any_of(kSecretKeys, [&](const char* secret) { return key == secret; });
}

Json masked(const Json& json, int depth) {
  if (depth > kMostDepth) return "...";
  Json out = json;
  if (json.is_array()) {
    for (Json& element : out) element = masked(element, depth + 1);
  } else if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      out[key] = is_secret(key) ? Json(kMasked) : masked(value, depth + 1);
    }
  }
  return out;
}

std::string text_of(const Json& json) {
  return masked(json, 0).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What tells the element from the others of its list; nullopt: nothing.
std::optional<std::string> name_of(const Json& element) {
  if (!element.is_structured()) return element.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const char* key : kNameKeys) {
    if (element.is_object() && element.contains(key) && element[key].is_string()) {
      return element[key].get<std::string>();
    }
  }
  return std::nullopt;
}

struct Named {
  std::vector<std::string> order;
  std::map<std::string, const Json*> elements;
};

// nullopt: some have no name, or two the same.
std::optional<Named> names_of(const Json& list) {
  Named out;
  for (const Json& element : list) {
    auto name = name_of(element);
    if (!name || !out.elements.emplace(*name, &element).second) return std::nullopt;
    out.order.push_back(std::move(*name));
  }
  return out;
}

std::string path_of(const std::string& path, const std::string& key) {
  return path.empty() ? key : std::string(path).append(".").append(key);
}

class Comparison {
 public:
  explicit Comparison(bool all_secret) : all_secret_(all_secret) {}

  void compare(const Json& before, const Json& after, const std::string& path, int depth) {
    if (before == after) return;
    if (depth < kMostDepth && before.is_object() && after.is_object()) {
      compare_objects(before, after, path, depth);
    } else if (depth < kMostDepth && before.is_array() && after.is_array()) {
      compare_lists(before, after, path, depth);
    } else {
      add(Kind::Changed, path, text_of(before), text_of(after));
    }
  }

  std::vector<Difference> take() { return std::move(found_); }

 private:
  void compare_objects(const Json& before, const Json& after, const std::string& path, int depth) {
    for (const auto& [key, value] : before.items()) {
      const std::string where = path_of(path, key);
      if (!after.contains(key)) {
        add_one(Kind::Removed, where, key, value);
      } else if (is_secret(key) && value != after[key]) {
        add(Kind::Changed, where, std::string(kMasked), std::string(kMasked));
      } else {
        compare(value, after[key], where, depth + 1);
      }
    }
    for (const auto& [key, value] : after.items()) {
      if (!before.contains(key)) add_one(Kind::Added, path_of(path, key), key, value);
    }
  }

  void compare_lists(const Json& before, const Json& after, const std::string& path, int depth) {
    const auto old_names = names_of(before), new_names = names_of(after);
    if (!old_names || !new_names) return add(Kind::Changed, path, text_of(before), text_of(after));
    const auto where = [&](const std::string& name, const Json& element) {
      return element.is_structured() ? path + "[" + name + "]" : path;
    };
    for (const auto& [name, element] : old_names->elements) {
      const auto there = new_names->elements.find(name);
      if (there == new_names->elements.end()) {
        add_one(Kind::Removed, where(name, *element), "", *element);
      } else {
        compare(*element, *there->second, where(name, *element), depth + 1);
      }
    }
    for (const auto& [name, element] : new_names->elements) {
      if (!old_names->elements.contains(name)) add_one(Kind::Added, where(name, *element), "", *element);
    }
    note_order(*old_names, *new_names, path);
  }

  // Of those that are in both.
  void note_order(const Named& before, const Named& after, const std::string& path) {
    const auto common = [](const Named& one, const Named& other) {
      std::vector<std::string> out;
      for (const std::string& name : one.order) {
        if (other.elements.contains(name)) out.push_back(name);
      }
      return out;
    };
    const auto old_order = common(before, after), new_order = common(after, before);
    if (old_order != new_order) add(Kind::Changed, path, Json(old_order).dump(), Json(new_order).dump());
  }

  void add_one(Kind kind, const std::string& path, const std::string& key, const Json& value) {
    const std::string text = is_secret(key) ? std::string(kMasked) : text_of(value);
    add(kind, path, kind == Kind::Removed ? text : "", kind == Kind::Added ? text : "");
  }

  void add(Kind kind, const std::string& path, std::string before, std::string after) {
    if (all_secret_ && !before.empty()) before = kMasked;
    if (all_secret_ && !after.empty()) after = kMasked;
    found_.push_back({kind, path, std::move(before), std::move(after)});
  }

  bool all_secret_;
  std::vector<Difference> found_;
};

Result<std::vector<Difference>> compare_texts(std::string_view before, std::string_view after,
                                              const std::string& path, bool all_secret) {
  const auto one = parse_json(before);
  if (!one) return one.error();
  const auto other = parse_json(after);
  if (!other) return other.error();
  Comparison comparison(all_secret);
  comparison.compare(*one, *other, path, 0);
  return comparison.take();
}

}  // namespace

Result<std::vector<Difference>> differences(std::string_view before, std::string_view after) {
  return compare_texts(before, after, "", false);
}

Result<std::vector<Difference>> secret_differences(std::string_view before, std::string_view after) {
  return compare_texts(before, after, "secrets", true);
}

std::string differences_text(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& one : differences) {
    const std::string path = one.path.empty() ? "all of it" : one.path;
    switch (one.kind) {
      case Kind::Added: text += fmt::format("+ {}: {}\n", path, one.after); break;
      case Kind::Removed: text += fmt::format("- {}: {}\n", path, one.before); break;
      case Kind::Changed: text += fmt::format("~ {}: {} -> {}\n", path, one.before, one.after); break;
    }
  }
  return text;
}

std::string differences_json(const std::vector<Difference>& differences) {
  Json out = Json::array();
  for (const Difference& one : differences) {
    Json json{{"path", one.path}};
    json["kind"] = one.kind == Kind::Added ? "added" : one.kind == Kind::Removed ? "removed" : "changed";
    if (!one.before.empty()) json["before"] = one.before;
    if (!one.after.empty()) json["after"] = one.after;
    out.push_back(std::move(json));
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace imrs::ctl
