// Domain names: reading, printing, ordering. Called wherever a name enters the program; after
// from_wire() or parse() nobody has to check a name again.
#include "dns/wire/name.h"

#include <algorithm>
#include <array>

namespace imrs::wire {
namespace {

constexpr std::size_t kMaxLabels = 128;

// Start offsets of the labels of a valid name, leftmost first, without the root label.
struct LabelOffsets {
  std::array<std::uint8_t, kMaxLabels> at;
  std::size_t count = 0;

  explicit LabelOffsets(std::span<const std::uint8_t> wire) noexcept {
    for (std::size_t pos = 0; wire[pos] != 0; pos += wire[pos] + 1U) {
      at[count++] = static_cast<std::uint8_t>(pos);
    }
  }
};

std::strong_ordering compare_labels(std::span<const std::uint8_t> a,
                                    std::span<const std::uint8_t> b) noexcept {
  const std::size_t shorter = std::min<std::size_t>(a[0], b[0]);
  for (std::size_t i = 1; i <= shorter; ++i) {
    const auto order = to_lower(a[i]) <=> to_lower(b[i]);
    if (order != 0) return order;
  }
  return a[0] <=> b[0];
}

Error bad_name(std::string_view text, std::string_view why) {
  return Error{Errc::InvalidInput, "not a domain name: \"" + std::string(text) + "\" " + std::string(why)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads one character or escape of presentation form at `pos`, advancing it; -1 if it is broken.
int read_octet(std::string_view text, std::size_t& pos) {
  const char c = text[pos++];
  if (c != '\\') return static_cast<unsigned char>(c);
  if (pos >= text.size()) return -1;
  if (!is_digit(text[pos])) return static_cast<unsigned char>(text[pos++]);
  if (pos + 3 > text.size() || !is_digit(text[pos + 1]) || !is_digit(text[pos + 2])) return -1;
  const int value = (text[pos] - '0') * 100 + (text[pos + 1] - '0') * 10 + (text[pos + 2] - '0');
  pos += 3;
  return value <= 255 ? value : -1;
}

void append_octet(std::string& out, std::uint8_t octet) {
  if (octet == '.' || octet == '\\' || octet == '"' || octet == ';' || octet == '(' || octet == ')' ||
      octet == '@' || octet == '$') {
    out += '\\';
    out += static_cast<char>(octet);
  } else if (octet > 0x20 && octet < 0x7f) {
    out += static_cast<char>(octet);
  } else {
    out += '\\';
    out += static_cast<char>('0' + octet / 100);
    out += static_cast<char>('0' + octet / 10 % 10);
    out += static_cast<char>('0' + octet % 10);
  }
}

}  // namespace

Result<Name> Name::from_wire(std::span<const std::uint8_t> wire) {
  std::size_t pos = 0;
  while (pos < wire.size() && wire[pos] != 0) {
    if (wire[pos] > kMaxLabelSize) {
      return Error{Errc::InvalidInput, "compressed or unknown label type in a domain name"};
    }
    pos += wire[pos] + 1U;
  }
  if (pos >= wire.size()) return Error{Errc::InvalidInput, "domain name runs past the end"};
  if (pos + 1 > kMaxNameSize) return Error{Errc::InvalidInput, "domain name over 255 octets"};
  Name name;
  name.wire_.assign(reinterpret_cast<const char*>(wire.data()), pos + 1);
  return name;
}

Result<Name> Name::parse(std::string_view text) {
  if (text == ".") return Name();
  if (text.empty()) return bad_name(text, "is empty (the root is written \".\")");
  std::string wire;
  std::string label;
  const auto end_label = [&] {
    wire += static_cast<char>(label.size());
    wire += label;
    label.clear();
  };
  for (std::size_t pos = 0; pos < text.size();) {
    if (text[pos] == '.') {
      if (label.empty()) return bad_name(text, "has an empty label");
      end_label();
      ++pos;
      continue;
    }
    const int octet = read_octet(text, pos);
    if (octet < 0) return bad_name(text, "has a broken escape");
    label += static_cast<char>(octet);
    if (label.size() > kMaxLabelSize) return bad_name(text, "has a label over 63 octets");
  }
  if (!label.empty()) end_label();
  wire += '\0';
  if (wire.size() > kMaxNameSize) return bad_name(text, "is over 255 octets");
  Name name;
  name.wire_ = std::move(wire);
  return name;
}

std::size_t Name::label_count() const noexcept { return LabelOffsets(wire()).count; }

bool Name::is_wildcard() const noexcept { return wire_.size() > 2 && wire_[0] == 1 && wire_[1] == '*'; }

Name Name::parent() const {
  if (is_root()) return {};
  Name name;
  name.wire_ = wire_.substr(1 + static_cast<unsigned char>(wire_[0]));
  return name;
}

Name Name::lower() const {
  Name name(*this);
  for (char& c : name.wire_) c = static_cast<char>(to_lower(static_cast<std::uint8_t>(c)));
  return name;
}

std::string Name::text() const {
  if (is_root()) return ".";
  std::string out;
  const auto octets = wire();
  for (std::size_t pos = 0; octets[pos] != 0; pos += octets[pos] + 1U) {
    for (const std::uint8_t octet : octets.subspan(pos + 1, octets[pos])) append_octet(out, octet);
    out += '.';
  }
  return out;
}

bool Name::is_within(const Name& ancestor) const noexcept {
  if (ancestor.size() > size()) return false;
  const LabelOffsets labels(wire());
  const std::size_t start = size() - ancestor.size();
  const bool boundary = ancestor.is_root() || std::find(labels.at.begin(), labels.at.begin() + labels.count,
                                                        start) != labels.at.begin() + labels.count;
  return boundary && canonical_compare(wire().subspan(start), ancestor.wire()) == 0;
}

Name Name::suffix(std::size_t labels) const {
  const LabelOffsets offsets(wire());
  if (labels >= offsets.count) return *this;
  Name name;
  if (labels > 0) name.wire_ = wire_.substr(offsets.at[offsets.count - labels]);
  return name;
}

Result<Name> Name::child(std::span<const std::uint8_t> label) const {
  if (label.empty() || label.size() > kMaxLabelSize || label.size() + 1 + size() > kMaxNameSize) {
    return Error{Errc::InvalidInput, "label does not fit in front of " + text()};
  }
  Name name;
  name.wire_.assign(1, static_cast<char>(label.size()));
  name.wire_.append(reinterpret_cast<const char*>(label.data()), label.size());
  name.wire_ += wire_;
  return name;
}

std::strong_ordering Name::operator<=>(const Name& other) const noexcept {
  return canonical_compare(wire(), other.wire());
}

bool Name::operator==(const Name& other) const noexcept {
  return size() == other.size() && canonical_compare(wire(), other.wire()) == 0;
}

std::strong_ordering canonical_compare(std::span<const std::uint8_t> a,
                                       std::span<const std::uint8_t> b) noexcept {
  const LabelOffsets left(a);
  const LabelOffsets right(b);
  for (std::size_t i = 1; i <= std::min(left.count, right.count); ++i) {
    const auto order = compare_labels(a.subspan(left.at[left.count - i]),
                                      b.subspan(right.at[right.count - i]));
    if (order != 0) return order;
  }
  return left.count <=> right.count;
}

}  // namespace imrs::wire
