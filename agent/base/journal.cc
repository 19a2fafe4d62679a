// Entries for the systemd journal, and the socket they leave by. Called by log.cc only. It must never wait,
// and after connect() never open a descriptor: the sandboxes kill for that.
#include "agent/base/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "agent/base/messages.h"

namespace imrs {
namespace {

constexpr std::string_view kPrefix = "IMRS_";
constexpr std::size_t kLongestKey = 64 - kPrefix.size();

char priority(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return '7';
    case LogLevel::Info: return '6';
    case LogLevel::Warning: return '4';
    case LogLevel::Error: return '3';
  }
  return '3';
}

bool is_key(std::string_view word) {
  return !word.empty() && word.size() <= kLongestKey &&
         std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

// Takes a value and the blank after it off the front of `rest`.
std::optional<std::string_view> take_value(std::string_view& rest) {
  const bool quoted = rest.starts_with('"');
  if (quoted) rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find(quoted ? '"' : ' '), rest.size());
  if (quoted && end == rest.size()) return std::nullopt;
  const std::string_view value = rest.substr(0, end);
  if (!quoted && value.find('"') != std::string_view::npos) return std::nullopt;
  rest.remove_prefix(quoted ? end + 1 : end);
  if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  if (!rest.empty()) rest.remove_prefix(1);
  return value;
}

std::optional<LogField> take_field(std::string_view& rest) {
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos || !is_key(rest.substr(0, equals))) return std::nullopt;
  const std::string_view key = rest.substr(0, equals);
  rest.remove_prefix(equals + 1);
  const auto value = take_value(rest);
  if (!value) return std::nullopt;
  return LogField{key, *value};
}

std::string field_name(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key) name += c == '_' ? c : static_cast<char>(c - 'a' + 'A');
  return name;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  if (value.find('\n') == std::string_view::npos) {
    out += '=';
  } else {
    out += '\n';
    std::uint64_t size = value.size();
    for (int i = 0; i < 8; ++i, size >>= 8) out += static_cast<char>(size & 0xff);
  }
  out += value;
  out += '\n';
}

// 0, or errno.
int send_datagram(int socket, std::string& datagram) {
  iovec part{datagram.data(), datagram.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

}  // namespace

std::vector<LogField> leading_fields(std::string_view text) {
  std::vector<LogField> fields;
  while (fields.size() < kMostFields) {
    const auto field = take_field(text);
    if (!field) break;
    if (field->key != "instance") fields.push_back(*field);
  }
  return fields;
}

std::string journal_entry(const LogWriter& writer, LogLevel level, std::string_view text) {
  const char level_digit = priority(level);
  std::string out;
  append_field(out, "MESSAGE", text);
  append_field(out, "PRIORITY", {&level_digit, 1});
  append_field(out, "SYSLOG_IDENTIFIER", writer.program);
  append_field(out, "IMRS_PROGRAM", writer.program);
  append_field(out, "IMRS_INSTANCE", writer.instance);
  for (const LogField& field : leading_fields(text)) append_field(out, field_name(field.key), field.value);
  return out;
}

std::string shortened(std::string_view text, std::size_t octets) {
  if (text.size() <= octets) return std::string(text);
  while (octets > 0 && (static_cast<unsigned char>(text[octets]) & 0xc0) == 0x80) --octets;
  return std::string(text.substr(0, octets)) + "...";
}

bool is_journal_stream(const char* variable, int fd) {
  struct stat status {};
  return variable != nullptr && ::fstat(fd, &status) == 0 &&
         variable == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

std::optional<Journal> Journal::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd low(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!low || ::connect(low.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return std::nullopt;
  }
  UniqueFd socket(::fcntl(low.get(), F_DUPFD_CLOEXEC, kChildChannelFd + 1));
  if (!socket) return std::nullopt;
  return Journal(std::move(socket));
}

Journal::Sent Journal::send(const LogWriter& writer, LogLevel level, std::string_view text) const {
  std::string entry = journal_entry(writer, level, text);
  int error = send_datagram(socket_.get(), entry);
  if (error == EMSGSIZE) {
    entry = journal_entry(writer, level, shortened(text, kCutText));
    error = send_datagram(socket_.get(), entry);
  }
  if (error == 0) return Sent::Taken;
  const bool passing = error == EAGAIN || error == EINTR || error == ENOBUFS || error == ENOMEM;
  return passing ? Sent::NotNow : Sent::Gone;
}

}  // namespace imrs
