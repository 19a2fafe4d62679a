// Judges addresses. Called by checks.cc with what the configuration says and the kernel knows.
#include "agent/preflight/address_points.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/config/address.h"
#include "agent/preflight/special_addresses.h"
#include "agent/preflight/words.h"

namespace imrs::preflight {
namespace {

bool is_global(const IpAddress& address) { return classify(address).use == AddressUse::Global; }

// Agreed between the two ends of a link, and nobody else sees it.
bool is_of_a_link(const IpAddress& address) {
  const AddressUse use = classify(address).use;
  return use == AddressUse::Private || use == AddressUse::LinkLocal;
}

std::string quoted_family(std::span<const Link> links, Family family) {
  std::vector<std::string> names;
  for (const Link& link : links) {
    if (link.source.family == family) names.push_back(link.name);
  }
  return fmt::format("{}: {}", family_name(family), names.empty() ? "none" : joined(names));
}

const InterfaceAddress* find(const std::vector<InterfaceAddress>& there, const IpAddress& address) {
  const auto found = std::ranges::find(there, address, &InterfaceAddress::address);
  return found == there.end() ? nullptr : &*found;
}

std::string way_text(const WayOut& way) {
  if (!way.error.empty()) return fmt::format("{}: none ({})", family_name(way.family), way.error);
  const std::string source = way.source ? " as " + way.source->text : "";
  if (way.interface.empty()) return fmt::format("{}: by no default route{}", family_name(way.family), source);
  const std::string by = way.gateway.empty() ? "" : " by " + way.gateway;
  return fmt::format("{}:{} on {}{}", family_name(way.family), by, way.interface, source);
}

}  // namespace

Finding judge_configuration(const std::string& path, const Result<Config>& config) {
  if (config) return pass(fmt::format("{} can be read, identity {}", path, config->instance.identity));
  return fail(config.error().message,
              "imrsctl setup makes one; of one that is wrong: imrs-agent --config " + path + " --check");
}

Finding judge_management(const std::optional<IpAddress>& management) {
  if (!management) {
    return unknown(
        "none is configured: what the appliance asks for leaves by whichever address the kernel takes",
        "set \"management\" to a global address of this machine");
  }
  if (is_global(*management)) return pass(class_text(*management));
  return fail(class_text(*management), "have the host give a global address for the management");
}

Finding judge_links(std::span<const Link> links) {
  std::vector<std::string> wrong, noted;
  for (const Link& link : links) {
    for (const IpAddress& address : {link.source, link.neighbour}) {
      if (is_global(address)) continue;
      auto& list = is_of_a_link(address) ? noted : wrong;
      list.push_back(fmt::format("{}: {}", link.name, class_text(address)));
    }
  }
  if (!wrong.empty()) {
    return fail(joined(wrong), "have the host give addresses of its own for the link, and configure those");
  }
  if (noted.empty()) return pass("the addresses of all links to neighbours are global");
  return pass("only of the link, which the host has to have agreed to: " + joined(noted));
}

Finding judge_service_addresses(std::span<const IpAddress> addresses, std::span<const Prefix> prefixes) {
  std::vector<std::string> all, wrong;
  for (const IpAddress& address : addresses) {
    all.push_back(address.text);
    if (!is_global(address)) wrong.push_back(class_text(address));
  }
  for (const Prefix& prefix : prefixes) {
    const auto network = parse_address(std::string_view(prefix.text).substr(0, prefix.text.find('/')));
    if (network && !is_global(*network))
      wrong.push_back("prefix " + prefix.text + ": " + class_text(*network));
  }
  if (wrong.empty())
    return pass(joined(all) + fmt::format(" and the {} prefixes are global", prefixes.size()));
  return fail(joined(wrong), "leave \"service.addresses\" and \"prefixes\" out, or give the service's own");
}

Finding judge_families(std::span<const Link> links) {
  const std::string seen = "sessions: " + quoted_family(links, Family::V4) + "; " +
                           quoted_family(links, Family::V6);
  for (const Family family : kFamilies) {
    if (std::ranges::none_of(links, [&](const Link& link) { return link.source.family == family; })) {
      return fail(seen, fmt::format("agree with the host on an {} session and add it to \"bgp.neighbours\"",
                                    family_name(family)));
    }
  }
  return pass(seen);
}

Finding judge_own_addresses(std::span<const NamedAddress> wanted,
                            const Result<std::vector<InterfaceAddress>>& there) {
  if (!there) return unknown(there.error().message, "run this as root");
  std::vector<std::string> good, bad;
  for (const NamedAddress& one : wanted) {
    const InterfaceAddress* const found = find(*there, one.address);
    if (found == nullptr) {
      bad.push_back(fmt::format("{}, {}, is on no interface", one.what, one.address.text));
    } else if (!found->up) {
      bad.push_back(
          fmt::format("{}, {}, is on {}, which is down", one.what, one.address.text, found->interface));
    } else if (std::string text = fmt::format("{} on {}", one.address.text, found->interface);
               std::ranges::find(good, text) == good.end()) {
      good.push_back(std::move(text));
    }
  }
  if (!bad.empty()) return fail(joined(bad), "set it up in the system's network configuration");
  if (good.empty()) return unknown("no address of this machine is configured", "set \"management\"");
  return pass(joined(good));
}

Finding judge_ways_out(std::span<const WayOut> ways) {
  std::vector<std::string> seen;
  for (const WayOut& way : ways) seen.push_back(way_text(way));
  if (std::ranges::any_of(ways, [](const WayOut& way) { return !way.error.empty(); })) {
    return fail(joined(seen, "; "),
                "add a default route of that family: BGP only announces here and learns none");
  }
  return pass(joined(seen, "; "));
}

Finding judge_translation(std::span<const WayOut> ways, const std::optional<IpAddress>& management) {
  constexpr const char* kFromOutside =
      "from outside: the address that a primary's log shows for the transfers to this appliance has to be "
      "the "
      "one that agent.json says";
  std::vector<std::string> good, odd;
  bool behind = false;
  for (const WayOut& way : ways) {
    const bool managed = management && management->family == way.family;
    const std::optional<IpAddress> leaves = managed ? management : way.source;
    if (!leaves) continue;
    if (is_global(*leaves)) {
      good.push_back(class_text(*leaves));
    } else {
      odd.push_back(class_text(*leaves));
      behind = behind || managed || classify(*leaves).use == AddressUse::Shared;
    }
  }
  if (behind) {
    return fail("what leaves from here has to be translated: " + joined(odd),
                "have the host give global addresses, without a NAT on the way");
  }
  if (!odd.empty()) return unknown("what the kernel itself sends leaves as " + joined(odd), kFromOutside);
  if (good.empty()) return unknown("there is no way out", kFromOutside);
  return pass("nothing has to be translated: " + joined(good));
}

}  // namespace imrs::preflight
