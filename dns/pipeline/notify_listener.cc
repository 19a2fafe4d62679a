// Answers NOTIFY on the management address. Called by the child's loop. A message from a stranger costs a
// refusal and nothing else: it never makes a primary be asked.
#include "dns/pipeline/notify_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "agent/base/log.h"
#include "dns/transfer/notify.h"
#include "dns/wire/protocol.h"

namespace imrs::pipeline {
namespace {

constexpr int kMessagesInARow = 64;
constexpr std::size_t kMaxMessage = 4096;
constexpr std::chrono::seconds kLogInterval{10};

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* octets = address.ss_family == AF_INET
                           ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                           : &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (::inet_ntop(address.ss_family, octets, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

}  // namespace

NotifyListener::NotifyListener(UniqueFd socket, const ZoneSettings& settings,
                               std::vector<transfer::TsigKey> keys, Clock clock)
    : socket_(std::move(socket)), zones_(settings.zones), keys_(std::move(keys)), clock_(std::move(clock)) {}

std::vector<wire::Name> NotifyListener::read() {
  std::vector<wire::Name> changed;
  std::vector<std::uint8_t> message;
  for (int i = 0; i < kMessagesInARow; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    message.resize(kMaxMessage);
    const ssize_t n = ::recvfrom(socket_.get(), message.data(), message.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&peer), &size);
    if (n < 0) break;
    message.resize(static_cast<std::size_t>(n));
    const std::string from = text_of(peer);
    Outcome outcome = judge(message, from);
    if (!outcome.refused.empty()) log_refusal(from, outcome.refused);
    if (outcome.changed) changed.push_back(std::move(*outcome.changed));
    if (outcome.response.empty()) continue;
    (void)::sendto(socket_.get(), outcome.response.data(), outcome.response.size(), MSG_DONTWAIT,
                   reinterpret_cast<const sockaddr*>(&peer), size);
  }
  return changed;
}

void NotifyListener::log_refusal(const std::string& from, const std::string& why) {
  ++refusals_;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_log_) return;
  log_warning("NOTIFY from {} refused: {} ({} refused since the last such line)", from, why, refusals_);
  refusals_ = 0;
  next_log_ = now + kLogInterval;
}

NotifyListener::Outcome NotifyListener::judge(std::vector<std::uint8_t> message,
                                              const std::string& from) const {
  using Signature = transfer::CheckedRequest::Outcome;
  auto request = transfer::check_request(message, keys_, clock_());
  auto notify = request ? transfer::read_notify(message) : Result<transfer::Notify>(request.error());
  if (!notify) return {};
  const auto answer = [&](std::uint16_t rcode, std::string refused) {
    Outcome outcome{transfer::make_notify_response(*notify, rcode), {}, std::move(refused)};
    transfer::sign_response(outcome.response, *request, clock_());
    return outcome;
  };
  if (request->outcome != Signature::NotSigned && request->outcome != Signature::Good) {
    return answer(wire::rcode::NotAuth, "its signature by " + request->key_name.text() + " is not good");
  }
  const auto zone = std::ranges::find(zones_, notify->origin.lower().text(), &ZoneConfig::origin);
  if (zone == zones_.end() || zone->primaries.empty()) {
    return answer(wire::rcode::NotAuth, notify->origin.text() + " is no zone that comes from primaries");
  }
  const bool may = std::ranges::any_of(zone->primaries, [&](const PrimaryConfig& primary) {
    if (request->key != nullptr) return primary.key == request->key->name.text();
    return primary.key.empty() && primary.address.text == from;
  });
  if (!may) return answer(wire::rcode::Refused, "not from a primary of " + zone->origin + ", or not signed");
  Outcome taken = answer(wire::rcode::NoError, "");
  taken.changed = notify->origin;
  return taken;
}

}  // namespace imrs::pipeline
