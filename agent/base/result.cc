// Turns errno into an Error. Called by every thin shell around a system call.
#include "agent/base/result.h"

#include <cerrno>
#include <system_error>

namespace imrs {

Error system_error(std::string_view what) { return system_error(what, errno); }

Error system_error(std::string_view what, int error_number) {
  return Error{Errc::System, std::string(what) + ": " + std::generic_category().message(error_number)};
}

}  // namespace imrs
