// dns/transfer/notify.h
// NOTIFY (RFC 1996): a primary says that a zone has changed. It is asked then; what it claims is not read.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/base/result.h"
#include "dns/transfer/message.h"

namespace imrs::transfer {

struct Notify {
  std::uint16_t id = 0;
  wire::Name origin;
};

// From a message without its TSIG. Errc::InvalidInput: it is a response, has another opcode, or its question
// is not one SOA of class IN (section 3.7).
[[nodiscard]] Result<Notify> read_notify(Bytes message);

// Section 4.7. `rcode`: NOERROR, NOTAUTH, REFUSED.
[[nodiscard]] std::vector<std::uint8_t> make_notify_response(const Notify& notify, std::uint16_t rcode);

}  // namespace imrs::transfer
