// The public face of the speaker. Called by the agent, on its loop.
#include "bgp/speaker.h"

#include "bgp/speaker_impl.h"

namespace imrs::bgp {

namespace asio = boost::asio;

Speaker::Speaker(asio::any_io_executor executor, Settings settings, Hooks hooks)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(settings), std::move(hooks))) {}

Speaker::~Speaker() { impl_->stop(); }

void Speaker::adopt(const AnnouncedSet& announced) { impl_->adopt(announced); }

asio::awaitable<void> Speaker::run() { return Impl::run(impl_); }

void Speaker::announce(const AnnouncedSet& wanted) { impl_->announce(wanted); }

bool Speaker::settled() const noexcept { return impl_->settled(); }

bool Speaker::withdrawing() const noexcept { return impl_->withdrawing(); }

asio::awaitable<bool> Speaker::wait_settled(std::chrono::milliseconds limit) {
  return Impl::wait_settled(impl_, limit);
}

const Observed& Speaker::observed() const noexcept { return impl_->observed(); }

}  // namespace imrs::bgp
