// The rendered configuration: its text, and what the real BIRD says to it.
#include "bgp/bird_config.h"

#include <gmock/gmock.h>

#include "real_bird.h"
#include "speaker_fixture.h"
#include "transcript.h"

namespace imrs::bgp::test {
namespace {

using testing::HasSubstr;
using testing::Not;

Config without_family(Family family) {
  Config config = example_config();
  std::erase_if(config.prefixes, [&](const Prefix& prefix) { return prefix.family == family; });
  return config;
}

Config without_covering() {
  Config config = example_config();
  std::erase_if(config.prefixes, [](const Prefix& prefix) { return prefix.role == PrefixRole::Covering; });
  return config;
}

Config with_bfd_twice() {
  Config config = example_config();
  for (NeighbourConfig& neighbour : config.bgp.neighbours) {
    neighbour.bfd = true;
    neighbour.interface = "a0";
  }
  config.bgp.neighbours.push_back(config.bgp.neighbours[0]);
  config.bgp.neighbours[2].name = "host4b";
  config.bgp.neighbours[2].address.text = "198.51.100.2";
  config.bgp.neighbours[2].source.text = "198.51.100.1";
  config.bgp.neighbours[2].interface = "a1";
  return config;
}

TEST(BirdConfig, IsTheGoldenText) {
  EXPECT_EQ(bird_config(example_config()), read_file(golden_path("bird.conf")));
}

TEST(BirdConfig, HoldsOnlyWhatANeighbourHas) {
  Config config = example_config();
  config.bgp.neighbours.erase(config.bgp.neighbours.begin());
  const std::string text = bird_config(config);
  for (const char* option : {"password", "ttl security", "bfd", "host4"}) {
    EXPECT_THAT(text, Not(HasSubstr("    " + std::string(option)))) << option;
  }
  EXPECT_THAT(text, HasSubstr("hold time 90;"));
  EXPECT_THAT(text, Not(HasSubstr("protocol bfd")));
}

TEST(BirdConfig, NamesEachBfdInterfaceOnce) {
  const std::string text = bird_config(with_bfd_twice());
  const std::string block =
      "\nprotocol bfd bfd1 {\n"
      "    interface \"a0\" { interval 100 ms; multiplier 3; };\n"
      "    interface \"a1\" { interval 100 ms; multiplier 3; };\n}\n";
  EXPECT_THAT(text, HasSubstr(block));
}

TEST(BirdConfig, IsAcceptedByBird) {
  if (bird_program().empty()) GTEST_SKIP() << "NOT TESTED: bird is not installed (package bird2)";
  struct Case {
    const char* description;
    Config config;
  };
  Config other_device = example_config();
  other_device.service.device = "any.cast-1";
  Config no_neighbour = example_config();
  no_neighbour.bgp.neighbours.clear();
  const Case cases[] = {{"example", example_config()},
                        {"no IPv4 prefix", without_family(Family::V4)},
                        {"no IPv6 prefix", without_family(Family::V6)},
                        {"no covering prefix", without_covering()},
                        {"BFD on two interfaces", with_bfd_twice()},
                        {"another device", other_device},
                        {"no neighbour", no_neighbour}};
  const TemporaryDirectory directory;
  for (const Case& c : cases) {
    EXPECT_EQ(bird_complaint(bird_config(c.config), directory.path), "") << c.description;
  }
  EXPECT_THAT(bird_complaint("protocol nonsense;\n", directory.path), HasSubstr("syntax error"));
}

}  // namespace
}  // namespace imrs::bgp::test
