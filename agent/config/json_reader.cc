// Strict JSON. Called by the configuration's parser. It must never quote a value in an error: it may be a
// password.
#include "agent/config/json_reader.h"

namespace imrs {

Error Complaints::error() const {
  std::string all;
  for (const std::string& text : texts_) all += (all.empty() ? "" : "\n") + text;
  return Error{Errc::InvalidInput, all};
}

ObjectReader::ObjectReader(const Json* json, std::string path, Complaints& complaints)
    : json_(json), path_(std::move(path)), complaints_(complaints) {
  if (json_ != nullptr && !json_->is_object()) {
    complaints_.add(path_, "must be an object");
    json_ = nullptr;
  }
}

ObjectReader::~ObjectReader() {
  if (json_ == nullptr) return;
  for (const auto& [key, value] : json_->items()) {
    if (!known_.contains(key)) complain(key.c_str(), "unknown key; remove it or mend its spelling");
  }
}

bool ObjectReader::has(const char* key) const { return json_ != nullptr && json_->contains(key); }

const Json* ObjectReader::member(const char* key) {
  known_.insert(key);
  return has(key) ? &json_->at(key) : nullptr;
}

const Json* ObjectReader::required(const char* key) {
  const Json* value = member(key);
  if (value == nullptr) complain(key, "is missing");
  return value;
}

void ObjectReader::text(const char* key, std::string& out, bool is_required) {
  const Json* value = is_required ? required(key) : member(key);
  if (value == nullptr) return;
  if (!value->is_string()) return complain(key, "must be text");
  out = value->get<std::string>();
  if (is_required && out.empty()) complain(key, "must not be empty");
}

void ObjectReader::boolean(const char* key, bool& out) {
  const Json* value = member(key);
  if (value == nullptr) return;
  if (!value->is_boolean()) return complain(key, "must be true or false");
  out = value->get<bool>();
}

void ObjectReader::each(const char* key, const std::function<void(const Json&, const std::string&)>& take,
                        bool is_required) {
  const Json* value = is_required ? required(key) : member(key);
  if (value == nullptr) return;
  if (!value->is_array()) return complain(key, "must be a list");
  for (std::size_t i = 0; i < value->size(); ++i) {
    take((*value)[i], path_to(key) + "[" + std::to_string(i) + "]");
  }
}

bool ObjectReader::read_number(const char* key, std::int64_t& out, std::int64_t least, std::int64_t most,
                               bool is_required) {
  const Json* value = is_required ? required(key) : member(key);
  if (value == nullptr) return false;
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  if (!value->is_number_integer()) {
    complain(key, "must be a whole number, " + range);
    return false;
  }
  out = value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX ? INT64_MAX
                                                                               : value->get<std::int64_t>();
  if (out >= least && out <= most) return true;
  complain(key, "is out of range; use " + range);
  return false;
}

Result<Json> parse_json(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  try {
    Json json = Json::parse(text.begin(), text.end(), watch);
    if (!twice.empty()) {
      return Error{Errc::InvalidInput, "key \"" + twice + "\" is given twice in one object"};
    }
    return json;
  } catch (const Json::parse_error& error) {
    return Error{Errc::InvalidInput,
                 "not JSON at octet " + std::to_string(error.byte) + " (comments are not allowed)"};
  }
}

}  // namespace imrs
