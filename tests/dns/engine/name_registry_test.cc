// Which place a name has in the table that the programs share, from image to image and from engine to engine.
#include "dns/engine/name_registry.h"

#include <gmock/gmock.h>

#include <memory>

#include "dns/image/lookup.h"
#include "tests/support/test_zones.h"

namespace imrs::engine {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

std::unique_ptr<counts::NameTable> table() { return std::make_unique<counts::NameTable>(); }

std::string name_at(const counts::NameTable& table, std::size_t place) {
  std::string name;
  for (const auto& c : table.names[place]) {
    if (c.load() == '\0') break;
    name.push_back(c.load());
  }
  return name;
}

// Place 0 and those that are used.
std::vector<std::string> names_in(const counts::NameTable& table) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < table.used.load(); ++i) names.push_back(name_at(table, i));
  return names;
}

// A root with these delegations.
test::ZoneText root_with(const std::vector<std::string>& delegations) {
  std::string text =
      ". 86400 IN SOA a.example. b.example. 1 1800 900 604800 3600\n. 86400 IN NS a.example.\n";
  for (const std::string& name : delegations) text += name + " 86400 IN NS a.example.\n";
  return {".", text};
}

test::ZoneText zone_of(const std::string& origin) {
  return {origin, origin + " 86400 IN SOA a.example. b.example. 1 1800 900 604800 3600\n" + origin +
                      " 86400 IN NS a.example.\n"};
}

// The names of the places of the zone's delegations, in the order of their numbers.
std::vector<std::string> delegations(const counts::NameTable& table, const NamePlaces& places,
                                     std::uint32_t zone, std::uint32_t size) {
  std::vector<std::string> names;
  for (std::uint32_t i = 1; i <= size; ++i) names.push_back(name_at(table, places.place(zone, i)));
  return names;
}

std::uint32_t index_of(const image::Image& image, const std::string& origin) {
  const auto zones = image.zones();
  const auto at = std::ranges::find(zones, origin, &image::ZoneSummary::origin);
  return static_cast<std::uint32_t>(at - zones.begin());
}

TEST(NameRegistry, EachDelegationAndEachZone) {
  const auto image = test::image_of(test::three_zones());
  const auto names = table();
  const NamePlaces places = NameRegistry(*names).places_of(*image);
  EXPECT_THAT(names_in(*names), UnorderedElementsAre("", ".", "alpha.", "arpa.", "beta.", "deep.empty.zeta.",
                                                     "in-addr.arpa.", "net.", "root-servers.net."));
  EXPECT_EQ(name_at(*names, 0), "") << "for what has no place of its own";
  const std::uint32_t root = index_of(*image, "."), arpa = index_of(*image, "arpa.");
  const std::uint32_t servers = index_of(*image, "root-servers.net.");
  EXPECT_THAT(delegations(*names, places, root, 5),
              ElementsAre("alpha.", "arpa.", "beta.", "net.", "deep.empty.zeta."))
      << "by canonical order";
  EXPECT_THAT(delegations(*names, places, arpa, 1), ElementsAre("in-addr.arpa."));
  EXPECT_EQ(places.delegations.size(), 6U) << "root-servers.net has none";
  EXPECT_EQ(name_at(*names, places.place(root, 0)), ".");
  EXPECT_EQ(name_at(*names, places.place(arpa, 0)), "arpa.");
  EXPECT_EQ(name_at(*names, places.place(servers, 0)), "root-servers.net.");
  EXPECT_EQ(places.place(arpa, 0), places.place(root, 2)) << "a zone and its delegation are one name";
}

TEST(NameRegistry, NumbersAreThoseOfAnswers) {
  const auto image = test::image_of(test::three_zones());
  const auto names = table();
  const NamePlaces places = NameRegistry(*names).places_of(*image);
  const struct {
    const char* question;
    const char* want;
  } cases[] = {{"\4beta", "beta."},
               {"\3www\4beta", "beta."},
               {"\4deep\5empty\4zeta", "deep.empty.zeta."},
               {"\7in-addr\4arpa", "in-addr.arpa."},
               {"\4arpa", "arpa."},
               {"", "."},
               {"\5empty\4zeta", "."},
               {"\1a\14root-servers\3net", "root-servers.net."}};
  for (const auto& c : cases) {
    const std::string_view question(c.question, std::strlen(c.question) + 1);
    const std::vector<std::uint8_t> name(question.begin(), question.end());
    const image::Found found = image::find(image::View(*image), name, 1, false);
    ASSERT_NE(found.body, nullptr) << c.question;
    EXPECT_EQ(name_at(*names, places.place(found.zone, found.delegation)), c.want) << c.question;
  }
}

TEST(NameRegistry, ANameKeepsItsPlaceFromImageToImage) {
  const auto names = table();
  NameRegistry registry(*names);
  const auto first = test::image_of({root_with({"b.", "d.", "f."})});
  (void)registry.places_of(*first);
  const auto before = names_in(*names);
  ASSERT_EQ(before.size(), 5U);
  const auto second = test::image_of({root_with({"a.", "d.", "e.", "f."})});  // without b., with a. and e.
  const NamePlaces places = registry.places_of(*second);
  const auto after = names_in(*names);
  ASSERT_EQ(after.size(), 7U);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin())) << "new names come behind";
  EXPECT_THAT(delegations(*names, places, 0, 4), ElementsAre("a.", "d.", "e.", "f."));
  (void)registry.places_of(*first);
  EXPECT_EQ(names_in(*names), after) << "b. has its old place again";
}

TEST(NameRegistry, ANameKeepsItsPlaceFromEngineToEngine) {
  const auto names = table();
  const auto first = test::image_of({root_with({"b.", "d."})});
  const NamePlaces of_first = NameRegistry(*names).places_of(*first);
  const auto before = names_in(*names);
  NameRegistry next(*names);
  EXPECT_EQ(names_in(*names), before);
  const NamePlaces again = next.places_of(*first);
  EXPECT_EQ(again.zones, of_first.zones);
  EXPECT_EQ(again.delegations, of_first.delegations);
  const NamePlaces places = next.places_of(*test::image_of({root_with({"a.", "b.", "d."})}));
  EXPECT_EQ(places.place(0, 2), of_first.place(0, 1));
  EXPECT_EQ(places.place(0, 3), of_first.place(0, 2));
  EXPECT_EQ(places.place(0, 1), before.size());
}

TEST(NameRegistry, RootZoneIsTheIndexOfTheRoot) {
  const auto names = table();
  NameRegistry registry(*names);
  const struct {
    const char* description;
    std::vector<test::ZoneText> zones;
  } cases[] = {{"root alone", {root_with({"a."})}},
               {"root first", {root_with({"a."}), zone_of("a.")}},
               {"root last", {zone_of("a."), root_with({"a."})}}};
  for (const auto& c : cases) {
    const auto image = test::image_of(c.zones);
    EXPECT_EQ(registry.places_of(*image).root_zone, index_of(*image, ".")) << c.description;
  }
  EXPECT_EQ(registry.places_of(*test::image_of({zone_of("a.")})).root_zone, image::kMaxZones) << "no root";
}

// Sizes are those of the presentation form, with the final dot.
TEST(NameRegistry, NamesThatAreTooLongShareTheFirstPlace) {
  const std::string fits = std::string(30, 'f') + "." + std::string(31, 'f') + ".";
  const std::string too_long = std::string(30, 't') + "." + std::string(32, 't') + ".";
  const std::string longest_label = std::string(63, 'u') + ".";
  ASSERT_EQ(fits.size(), counts::kNameSize - 1);
  ASSERT_EQ(too_long.size(), counts::kNameSize);
  const auto names = table();
  const NamePlaces places = NameRegistry(*names).places_of(
      *test::image_of({root_with({fits, too_long, longest_label, "z."})}));
  EXPECT_THAT(names_in(*names), UnorderedElementsAre("", ".", fits, "z."));
  EXPECT_THAT(delegations(*names, places, 0, 4), UnorderedElementsAre("", "", fits, "z."));
}

TEST(NameRegistry, WhenTheTableIsFullNewNamesShareTheFirstPlace) {
  const auto names = table();
  (void)NameRegistry(*names).places_of(*test::image_of({root_with({"known."})}));
  for (std::size_t i = names->used.load(); i < counts::kMaxNames - 1; ++i) {
    const std::string name = "x" + std::to_string(i) + ".";
    for (std::size_t at = 0; at < name.size(); ++at) names->names[i][at].store(name[at]);
  }
  names->used.store(counts::kMaxNames - 1);
  NameRegistry registry(*names);
  const auto image = test::image_of({root_with({"a.", "b.", "known.", "x1000."})});
  for (int round = 0; round < 2; ++round) {
    const NamePlaces places = registry.places_of(*image);
    EXPECT_THAT(delegations(*names, places, 0, 4),
                UnorderedElementsAre("", name_at(*names, 4095), "known.", "x1000."))
        << "there was one place left";
    EXPECT_THAT((std::array{name_at(*names, 4095)}), ElementsAre(testing::AnyOf("a.", "b.")));
    EXPECT_EQ(names->used.load(), counts::kMaxNames);
    EXPECT_EQ(name_at(*names, 0), "");
  }
}

TEST(NameRegistry, ATableThatSaysItHoldsMoreThanItCan) {
  const auto names = table();
  names->used.store(counts::kMaxNames + 5);
  NameRegistry registry(*names);
  const NamePlaces places = registry.places_of(*test::image_of({root_with({"a."})}));
  EXPECT_THAT(places.delegations, Each(0U));
  EXPECT_EQ(places.place(0, 0), 0U);
}

}  // namespace
}  // namespace imrs::engine
