// The files that are built in, and that they refer to nothing that is not.
#include "agent/web/assets.h"

#include <gmock/gmock.h>

#include <regex>

namespace imrs::web {
namespace {

using testing::IsEmpty;

std::string text_of(const Asset& asset) { return {asset.content.begin(), asset.content.end()}; }

TEST(Assets, AreFoundByTheirWholeName) {
  for (const char* name : {"ops.js", "noc.js", "style.css", "ops.css", "bgp.schema.json", "catalogue.js"}) {
    const Asset* const asset = find_asset(name);
    ASSERT_NE(asset, nullptr) << name;
    EXPECT_EQ(asset->name, name);
    EXPECT_FALSE(asset->content.empty()) << name;
  }
  for (const char* name :
       {"", "ops", "ops.j", "ops.js ", "/ops.js", "../ops.js", "./ops.js", "OPS.JS", "assets.h"}) {
    EXPECT_EQ(find_asset(name), nullptr) << name;
  }
}

TEST(Assets, TellWhatTheyAre) {
  EXPECT_EQ(content_type_of(*find_asset("ops.js")), "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of(*find_asset("style.css")), "text/css; charset=utf-8");
  EXPECT_EQ(content_type_of({"LICENSE", {}}), "text/plain; charset=utf-8");
}

TEST(Assets, AScriptImportsOnlyWhatIsThere) {
  const std::regex import(R"re(from "\./([^"]+)";|import "\./([^"]+)";)re");
  int imports = 0;
  for (const Asset& asset : assets()) {
    if (!asset.name.ends_with(".js") || asset.name.find('/') != std::string_view::npos) continue;
    const std::string script = text_of(asset);
    for (std::sregex_iterator i(script.begin(), script.end(), import), end; i != end; ++i) {
      const std::string name = (*i)[1].matched ? (*i)[1] : (*i)[2];
      EXPECT_NE(find_asset(name), nullptr) << asset.name << " imports " << name;
      ++imports;
    }
  }
  EXPECT_GT(imports, 10) << "do they import in another way now?";
}

// No request leaves the appliance.
TEST(Assets, NothingIsFetchedFromElsewhere) {
  const std::regex elsewhere(R"re((?:from|import|fetch|src|url)\s*[(=]?\s*["']?(?:https?:)?//[^"'\s)]+)re");
  for (const Asset& asset : assets()) {
    const std::string script = text_of(asset);
    if (!asset.name.ends_with(".js") && !asset.name.ends_with(".css")) continue;
    if (asset.name.find(".min.") != std::string_view::npos) continue;  // uPlot, which std::regex cannot take
    std::smatch found;
    EXPECT_FALSE(std::regex_search(script, found, elsewhere)) << asset.name << ": " << found.str();
  }
}

}  // namespace
}  // namespace imrs::web
