// agent/base/log_internal.h
// For log.cc and its tests only: log_start() with a journal that listens elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/log.h"

namespace imrs::internal {

void log_start(std::string_view program, std::string_view instance, LogLevel lowest,
               const std::string& journal_socket);

}  // namespace imrs::internal
