// compile_zones IMAGE ORIGIN=FILE...: an image of zones that nobody has verified, for comparing answers.
// Run by the differential test where imrs-zone would refuse (keys made on the spot, expired dates).
#include <cstdio>
#include <string>
#include <vector>

#include "dns/image/compile.h"
#include "tests/support/test_zones.h"

namespace {

int fail(const std::string& what) {
  std::fprintf(stderr, "compile_zones: %s\n", what.c_str());
  return 1;
}

int write_file(const char* path, const std::vector<std::uint8_t>& octets) {
  std::FILE* file = std::fopen(path, "we");
  if (file == nullptr) return fail(std::string(path) + ": cannot be written");
  const bool whole = std::fwrite(octets.data(), 1, octets.size(), file) == octets.size();
  if (std::fclose(file) != 0 || !whole) return fail(std::string(path) + ": not written in full");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return fail("usage: compile_zones IMAGE ORIGIN=FILE...");
  std::vector<imrs::zone::VerifiedZone> zones;
  for (int i = 2; i < argc; ++i) {
    const std::string argument(argv[i]);
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) return fail(argument + ": write ORIGIN=FILE");
    auto zone = imrs::test::read_zone_file(argument.substr(0, equals), argument.substr(equals + 1));
    if (!zone) return fail(zone.error().message);
    zones.push_back(std::move(*zone));
  }
  std::vector<const imrs::zone::VerifiedZone*> pointers;
  for (const auto& zone : zones) pointers.push_back(&zone);
  auto octets = imrs::image::compile(pointers);
  if (!octets) return fail(octets.error().message);
  return write_file(argv[1], *octets);
}
