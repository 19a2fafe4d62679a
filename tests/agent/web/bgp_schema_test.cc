// That the schema of /api/bgp allows every word that the programs say, and none besides. That a real answer
// keeps to it is e2e_web's to test.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/snapshot/snapshot.h"
#include "agent/web/assets.h"
#include "agent/web/status.h"
#include "health/decision.h"

namespace imrs::web {
namespace {

using nlohmann::json;
using testing::UnorderedElementsAreArray;

using Words = std::vector<std::string>;

Words allowed(const char* pointer) {
  const Asset* const schema = find_asset("bgp.schema.json");
  const json whole = json::parse(schema->content.begin(), schema->content.end());
  return whole.at(json::json_pointer(std::string(pointer) + "/enum")).get<Words>();
}

template <typename Values>
Words words_of(const Values& values) {
  Words words;
  for (const auto value : values) words.emplace_back(to_string(value));
  return words;
}

TEST(BgpSchema, HasTheWordsThatAreSaid) {
  using health::Overlay;
  using health::Phase;
  const std::initializer_list<Level> levels{Level::Good, Level::Warning, Level::Bad, Level::Unknown};
  const std::initializer_list<Phase> phases{Phase::Down, Phase::Rising, Phase::Up, Phase::Falling};
  const std::initializer_list<Overlay> orders{Overlay::None, Overlay::Drain, Overlay::Drained,
                                              Overlay::Withdraw};
  const std::pair<const char*, Words> cases[] = {
      {"/properties/history/items/properties/what", words_of(kTopics)},
      {"/properties/verdict/properties/level", words_of(levels)},
      {"/properties/families/items/properties/phase", words_of(phases)},
      {"/properties/families/items/properties/order", words_of(orders)},
      {"/properties/families/items/properties/family", words_of(kFamilies)},
      {"/properties/sessions/items/properties/family", words_of(kFamilies)},
      {"/properties/prefixes/items/properties/family", words_of(kFamilies)},
  };
  for (const auto& [place, said] : cases) {
    EXPECT_THAT(allowed(place), UnorderedElementsAreArray(said)) << place;
  }
}

}  // namespace
}  // namespace imrs::web
