// agent/spawn.h
// Starts a task on the agent's loop that nobody waits for. An exception in it must not pass in silence: a
// prober or the speaker that died would leave routes announced that nobody watches. It leaves the loop
// and ends the process, and the dead-man withdraws.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace imrs::agent {

inline void spawn(const boost::asio::any_io_executor& executor, boost::asio::awaitable<void> task) {
  boost::asio::co_spawn(executor, std::move(task), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

}  // namespace imrs::agent
