// Called by the supervisor around the upgrade in place.
#include "agent/held_signals.h"

#include <signal.h>

#include <initializer_list>

namespace imrs::agent {
namespace {

void change(int how) noexcept {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(how, &signals, nullptr);
}

}  // namespace

HeldSignals::HeldSignals() noexcept { change(SIG_BLOCK); }

HeldSignals::~HeldSignals() { release_held_signals(); }

void release_held_signals() noexcept { change(SIG_UNBLOCK); }

}  // namespace imrs::agent
