// agent/base/result.h
// What a library function returns when it can fail: a value, or an Error that says what failed, on
// what, why and what the operator can do. Libraries never log or exit; programs do.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace imrs {

enum class Errc {
  InvalidInput,  // bytes, file, flag or configuration that cannot be right
  Refused,       // understood, and not accepted (a zone that does not verify, a damaged image)
  System,        // a system call failed; the message holds strerror's text
  Closed,        // the peer has gone (end of file)
  Timeout,       // no answer in time
  Unavailable,   // cannot be had now; trying again may help
};

struct Error {
  Errc code = Errc::System;
  std::string message;     // one line, no trailing full stop; names the thing and the remedy
  const char* topic = "";  // a literal: what it was about, in a word, for counting; may be empty

  // The same error seen from further out: "context: message".
  [[nodiscard]] Error within(std::string_view context) const {
    return Error{code, std::string(context) + ": " + message, topic};
  }
  // The same error with a topic, if it has none yet.
  [[nodiscard]] Error about(const char* what) const {
    return Error{code, message, *topic != '\0' ? topic : what};
  }
};

// An Error from errno: "what: strerror(errno)".
[[nodiscard]] Error system_error(std::string_view what);
[[nodiscard]] Error system_error(std::string_view what, int error_number);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // Only when ok().
  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Only when !ok().
  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  [[nodiscard]] bool ok() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace imrs
