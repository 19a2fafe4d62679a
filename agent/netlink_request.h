// agent/netlink_request.h
// One rtnetlink(7) request and the kernel's answer to it. By hand: the few kinds of request that the agent
// makes do not justify a library. Blocks for as long as somebody else holds the lock of all network
// configuration: questions belong into kernel_look's thread.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "agent/base/result.h"

namespace imrs::agent {

class NetlinkRequest {
 public:
  // `body`: the fixed part that belongs to `type` (ifaddrmsg, rtmsg, ...).
  template <typename Body>
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Body& body) {
    header().nlmsg_len = NLMSG_LENGTH(sizeof body);
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    std::memcpy(NLMSG_DATA(&header()), &body, sizeof body);
  }

  void attribute(std::uint16_t type, const void* data, std::size_t size);

  // Has it done. An error: the kernel's verdict, after "what".
  [[nodiscard]] Result<void> perform(std::string_view what);

  // Asks for one object. The message's fixed part with its attributes; valid as long as this request.
  // `refusal` becomes the kernel's error number if that is the answer, and the result is empty then.
  [[nodiscard]] Result<std::span<const char>> ask(int& refusal);

 private:
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  [[nodiscard]] Result<std::size_t> exchange();

  alignas(nlmsghdr) std::array<char, 512> bytes_{};
  alignas(nlmsghdr) std::array<char, 4096> reply_{};
};

// The attribute's octets within `attributes`; empty if it is not there.
[[nodiscard]] std::span<const char> find_attribute(std::span<const char> attributes, std::uint16_t type);

}  // namespace imrs::agent
