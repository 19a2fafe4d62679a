// The control thread of a child engine: takes counters, sockets and images from the agent. Called by
// main. It must end as soon as the agent is gone, and must not touch the workers' traffic.
#include "dns/engine/child.h"

#include <unistd.h>

#include "agent/base/log.h"
#include "agent/base/memfd.h"
#include "agent/base/messages.h"
#include "dns/engine/descriptors.h"
#include "dns/engine/engine.h"
#include "dns/engine/sandbox.h"
#include "dns/engine/version.h"
#include "dns/image/digest.h"

namespace imrs::engine {
namespace {

constexpr int kForEver = -1;

Error unexpected(const Packet& packet) {
  return Error{Errc::InvalidInput, fmt::format("unexpected message of type {:#x} and {} octets from "
                                               "the agent (another version?)",
                                               packet.type(), packet.bytes.size())};
}

class Child {
 public:
  Child(Channel channel, std::size_t descriptors, std::chrono::milliseconds swap_limit)
      : channel_(std::move(channel)), descriptors_(descriptors), swap_limit_(swap_limit) {}

  Result<void> run() {
    auto ready = set_up();
    if (!ready && ready.error().code == Errc::Closed) return {};
    if (!ready) {
      (void)refuse(0, ready.error()).ok();  // if it cannot be told, the exit code still says it
      return ready;
    }
    for (;;) {
      auto packet = channel_.wait(kForEver);
      if (!packet) return packet.error().code == Errc::Closed ? Result<void>() : packet.error();
      auto done = packet->type() == EngineSettings::kType ? take_settings(*packet) : take_image(*packet);
      if (!done) return done;
    }
  }

 private:
  Result<void> set_up() {
    auto packet = channel_.wait(kForEver);
    if (!packet) return packet.error();
    const auto setup = packet->as<EngineSetup>();
    if (!setup || packet->fds.size() != 1) return unexpected(*packet);
    auto pages = counts::Pages::map(packet->fds[0].get(), setup->workers, true);
    if (!pages) return pages.error();
    pages_ = std::move(*pages);
    auto sockets = take_sockets(setup->sockets);
    if (!sockets) return sockets.error();
    auto limits = tcp_limits(descriptors_, sockets->size(), setup->workers);
    if (!limits) return limits.error();
    auto engine = Engine::start(std::move(*sockets), pages_,
                                {.identity = {setup->identity.str(), std::string(kVersionText)},
                                 .tcp = *limits,
                                 .rate_limit = setup->rate_limit,
                                 .rate_key = setup->rate_key,
                                 .source_key = setup->source_key});
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    image::prepare_digests();
    return enter_sandbox();
  }

  Result<std::vector<WorkerSocket>> take_sockets(std::size_t count) {
    std::vector<WorkerSocket> sockets;
    while (sockets.size() < count) {
      auto packet = channel_.wait(kForEver);
      if (!packet) return packet.error();
      const auto message = packet->as<EngineSockets>();
      if (!message || message->count != packet->fds.size() || message->count == 0 ||
          message->count > EngineSockets::kMax) {
        return unexpected(*packet);
      }
      for (std::size_t i = 0; i < message->count; ++i) {
        sockets.push_back({message->roles[i], std::move(packet->fds[i])});
      }
    }
    return sockets;
  }

  Result<void> take_settings(const Packet& packet) {
    const auto message = packet.as<EngineSettings>();
    if (!message || message->secret_count > EngineSettings::kMaxSecrets ||
        message->denied_count > EngineSettings::kMaxDenied) {
      return unexpected(packet);
    }
    answer::CookieSecrets cookies;
    cookies.count = message->secret_count;
    cookies.secrets = message->secrets;
    DeniedQuestions denied;
    denied.count = message->denied_count;
    denied.hashes = message->denied;
    engine_->set(cookies, denied, message->expired);
    return {};
  }

  // A refused image leaves the one before in service; that is no error. An image that was published, and
  // not taken by every worker, is: some may answer from it and some from the one before, for ever.
  Result<void> take_image(const Packet& packet) {
    const auto message = packet.as<EngineImage>();
    if (!message || packet.fds.size() != 1) return unexpected(packet);
    auto image = image::Image::map(packet.fds[0].get());
    if (!image) return refuse(message->generation, image.error());
    if ((*image)->digest() != message->digest) {
      return refuse(message->generation, Error{Errc::Refused, "the image's digest is not the one announced"});
    }
    auto served = engine_->serve(std::move(*image), message->generation, swap_limit_);
    if (!served) return served;
    EngineServing serving;
    serving.generation = message->generation;
    return channel_.send_message(serving);
  }

  Result<void> refuse(std::uint64_t generation, const Error& error) {
    EngineRefused refused;
    refused.generation = generation;
    refused.reason = error.message;
    return channel_.send_message(refused);
  }

  Channel channel_;
  std::size_t descriptors_;
  std::chrono::milliseconds swap_limit_;
  counts::Pages pages_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

Result<void> run_child(Channel channel, std::size_t descriptors, std::chrono::milliseconds swap_limit) {
  return Child(std::move(channel), descriptors, swap_limit).run();
}

}  // namespace imrs::engine
