// Makes up names. Called by the examiner for every gap of every zone.
#include "dns/audit/names.h"

#include <algorithm>
#include <array>

namespace imrs::audit {
namespace {

using Label = std::vector<std::uint8_t>;

Label first_label(const wire::Name& name) {
  const auto octets = name.wire();
  return {octets.begin() + 1, octets.begin() + 1 + octets[0]};
}

// The label of `name` right below `parent`; empty if there is none.
Label label_below(const wire::Name& name, const wire::Name& parent) {
  if (name == parent || !name.is_within(parent)) return {};
  return first_label(name.suffix(parent.label_count() + 1).lower());
}

void add(std::vector<wire::Name>& out, const wire::Name& parent, const Label& label) {
  if (label.empty() || label.size() > wire::kMaxLabelSize) return;
  if (auto name = parent.child(label)) out.push_back(std::move(*name));
}

// The last label before `label` in canonical order; empty if there is none (RFC 4471 section 3).
Label before(Label label) {
  if (label.back() == 0) {
    label.pop_back();
    return label;
  }
  --label.back();
  if (label.back() == 'Z') label.back() = 'A' - 1;  // counts as small letters
  label.resize(wire::kMaxLabelSize, 0xFF);
  return label;
}

// Half way between two labels, taken as fractions; `high` empty: the end of all labels.
Label middle(const Label& low, const Label& high) {
  std::array<unsigned, 10> sum{};
  unsigned carry = 0;
  for (std::size_t i = sum.size(); i-- > 0;) {
    const unsigned top = high.empty() ? 0xFF : i < high.size() ? high[i] : 0;
    const unsigned both = (i < low.size() ? low[i] : 0U) + top + carry;
    sum[i] = both & 0xFF;
    carry = both >> 8;
  }
  Label out;
  for (const unsigned digit : sum) {
    out.push_back(static_cast<std::uint8_t>(carry << 7 | digit >> 1));
    carry = digit & 1;
  }
  return out;
}

// The closest name that both are within.
wire::Name common_ancestor(wire::Name a, const wire::Name& b) {
  while (!b.is_within(a)) a = a.parent();
  return a;
}

}  // namespace

wire::Name lengthened(const wire::Name& name, std::uint8_t octet) {
  wire::Name out = name;
  while (wire::kMaxNameSize - out.size() >= 2) {
    const std::size_t room = wire::kMaxNameSize - out.size() - 1;
    auto longer = out.child(Label(std::min(room, wire::kMaxLabelSize), octet));
    if (!longer) break;
    out = std::move(*longer);
  }
  return out;
}

wire::Name mixed_case(const wire::Name& name) {
  std::vector<std::uint8_t> octets(name.wire().begin(), name.wire().end());
  std::size_t end = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i == end) {
      end += octets[i] + 1U;
    } else if (octets[i] >= 'a' && octets[i] <= 'z' && i % 2 == 1) {
      octets[i] = static_cast<std::uint8_t>(octets[i] - 32);
    }
  }
  auto mixed = wire::Name::from_wire(octets);
  return mixed ? std::move(*mixed) : name;
}

std::vector<wire::Name> names_between(const wire::Name& owner, const wire::Name& next,
                                      const wire::Name& origin) {
  std::vector<wire::Name> out;
  add(out, owner, {0});
  if (owner != origin) {
    Label after = first_label(owner);
    after.push_back(0);
    add(out, owner.parent(), after);
  }
  const bool last = next == origin;
  const wire::Name parent = last ? origin : common_ancestor(owner, next);
  const Label low = label_below(owner, parent), high = last ? Label{} : label_below(next, parent);
  const Label half = middle(low, high);
  add(out, parent, half);
  if (auto between = parent.child(half)) {
    out.push_back(lengthened(*between, 'a'));
    add(out, *between, {'x'});
  }
  if (last) {
    out.push_back(lengthened(origin, 0xFF));
  } else if (const Label closest = before(first_label(next)); !closest.empty()) {
    if (auto name = next.parent().child(closest)) {
      out.push_back(*name);
      out.push_back(lengthened(*name, 0xFF));
    }
  }
  return out;
}

}  // namespace imrs::audit
