// Renders and writes what belongs to a configuration. Called by main; never by the running agent.
#include "agent/renderings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <span>

#include "agent/base/whole_file.h"
#include "bgp/bird_config.h"

namespace imrs::agent {

std::string shown_bird_config(const Config& config) {
  Config shown = config;
  for (NeighbourConfig& neighbour : shown.bgp.neighbours) {
    if (!neighbour.password.empty()) neighbour.password = "(masked; --write-bird-config writes it)";
  }
  return bgp::bird_config(shown);
}

Result<void> write_bird_config(const Config& config, const std::string& path) {
  const std::string directory = std::filesystem::absolute(path).parent_path().string();
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return system_error("the directory of " + path);
  const std::string text = bgp::bird_config(config);
  const mode_t before = ::umask(0137);
  auto written = write_whole(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  ::umask(before);
  if (!written) return written;
  if (::chown(path.c_str(), status.st_uid, status.st_gid) == 0) return {};
  return system_error("owner of " + path);
}

}  // namespace imrs::agent
