// agent/remote/dnskey_question.h
// The DNSKEY set as it is served now, asked for like any resolver would. Blocks for some seconds at most.
#pragma once

#include <cstdint>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "dns/zone/zone.h"

namespace imrs::remote {

// By TCP. Errc::Unavailable: no answer, or one without keys; the message says what to do.
[[nodiscard]] Result<zone::RRset> ask_dnskeys(const IpAddress& service, std::uint16_t port,
                                              const wire::Name& origin);

}  // namespace imrs::remote
