// The finished days' files, as anybody may ask for them.
#include "agent/web/book_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/temp_directory.h"

namespace imrs::web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// DIRECTORY/book is what is served; DIRECTORY/secret must not be.
class BookFilesTest : public testing::Test {
 protected:
  BookFilesTest() {
    directory_.write("secret", "secret");
    directory_.write("outside/secret", "secret");
    directory_.write("book/2026/11/load-time/l-root-20261124-load-time.yaml", "---\n");
    directory_.write("book/2026/11/instance/l-root-20261124-fra02.l.example.json", "{}\n");
    directory_.write("book/2025/12/zone-size/l-root-20251231-zone-size.yaml", "---\n");
    directory_.write("book/today.json", "{}\n");
  }
  [[nodiscard]] std::optional<BookFile> find(std::string_view path) const {
    return find_book_file(directory_.path("book"), path);
  }
  void link(const std::string& to, const std::string& name) const {
    std::filesystem::create_symlink(to, directory_.path("book/" + name));
  }

  test::TempDirectory directory_;
};

TEST_F(BookFilesTest, AFileAsItIs) {
  const std::string content = std::string("---\n\0\xff", 6) + std::string(100'000, 'x');
  directory_.write("book/2026/long.yaml", content);
  const auto file = find("2026/long.yaml");
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->folder);
  EXPECT_TRUE(file->content == content);
  EXPECT_EQ(find("2026/11/instance/l-root-20261124-fra02.l.example.json")->content, "{}\n");
}

TEST_F(BookFilesTest, AFolderIsListedSorted) {
  for (const char* name : {"b.yaml", "a.yaml", "C.yaml", "10", "9"}) {
    directory_.write(std::string("book/2024/") + name, "");
  }
  std::filesystem::create_directory(directory_.path("book/2024/ab"));
  EXPECT_THAT(find("2024")->entries, ElementsAre("10", "9", "C.yaml", "a.yaml", "ab/", "b.yaml"));
  const auto top = find("");
  ASSERT_TRUE(top);
  EXPECT_TRUE(top->folder);
  EXPECT_THAT(top->entries, ElementsAre("2024/", "2025/", "2026/", "today.json"));
  EXPECT_THAT(find("2026/11/")->entries, ElementsAre("instance/", "load-time/"));
  std::filesystem::create_directory(directory_.path("book/empty"));
  EXPECT_THAT(find("empty/")->entries, IsEmpty());
}

// Names that nobody has put there on purpose, and what is being written just now.
TEST_F(BookFilesTest, WhatCannotBeAskedForIsNotListed) {
  for (const char* name : {".hidden", "a b", "a%b", "a\"><script>", "x_y", "a..b"}) {
    directory_.write(std::string("book/odd/") + name, "");
  }
  EXPECT_THAT(find("odd/")->entries, IsEmpty());
}

TEST_F(BookFilesTest, NothingElseIsFound) {
  directory_.write("book/.hidden", "x");
  directory_.write("book/2026/.hidden", "x");
  directory_.write("book/a..b", "x");
  directory_.write("book/a b", "x");
  const std::string long_name(300, 'a');
  const std::string cases[] = {"..",
                               "../secret",
                               "2026/../../secret",
                               "2026/..",
                               "./today.json",
                               "2026/./11",
                               "//secret",
                               "2026//11",
                               "/",
                               "/etc/passwd",
                               directory_.path("secret"),
                               "%2e%2e/secret",
                               "%2e%2e%2fsecret",
                               "..%2fsecret",
                               "%2Fetc%2Fpasswd",
                               "..\\secret",
                               ".hidden",
                               "2026/.hidden",
                               "a..b",
                               "a b",
                               "today.json?x",
                               "~root",
                               "\xc0\xae\xc0\xae/secret",
                               std::string("today.json\0", 11),
                               std::string("today.json\0.yaml", 16),
                               "no-such-file.yaml",
                               "no-such-folder/",
                               "today.json/",
                               "today.json/x",
                               long_name,
                               long_name + "/" + long_name};
  for (const std::string& path : cases) EXPECT_FALSE(find(path)) << path;
  EXPECT_FALSE(find_book_file("", "today.json")) << "there is no directory";
  EXPECT_FALSE(find_book_file(directory_.path("no-such"), ""));
}

TEST_F(BookFilesTest, NamesUpToTheirLimit) {
  const std::string folder = "2023/11/instance/", name(200 - folder.size(), 'a');
  directory_.write("book/" + folder + name, "x");
  EXPECT_TRUE(find(folder + name));
  directory_.write("book/" + folder + name + "a", "x");
  EXPECT_FALSE(find(folder + name + "a"));
}

TEST_F(BookFilesTest, ALinkIsNotFollowed) {
  link(directory_.path("secret"), "absolute.yaml");
  link("../secret", "relative.yaml");
  link("today.json", "inside.yaml");
  link("nowhere", "broken.yaml");
  for (const char* path : {"absolute.yaml", "relative.yaml", "inside.yaml", "broken.yaml"}) {
    EXPECT_FALSE(find(path)) << path;
  }
}

// "Never leaves `directory`": a link to a folder leads out as well as one to a file.
TEST_F(BookFilesTest, ALinkToAFolderDoesNotLeadOut) {
  link("../outside", "way-out");
  EXPECT_FALSE(find("way-out"));
  EXPECT_FALSE(find("way-out/")) << "lists what is outside";
  EXPECT_FALSE(find("way-out/secret")) << "reads what is outside";
}

TEST_F(BookFilesTest, APipeKeepsNobodyWaiting) {
  ASSERT_EQ(::mkfifo(directory_.path("book/pipe.yaml").c_str(), 0600), 0);
  EXPECT_FALSE(find("pipe.yaml"));
}

TEST_F(BookFilesTest, AFileThatIsTooLargeIsNotHeld) {
  directory_.write("book/huge.yaml", "");
  std::filesystem::resize_file(directory_.path("book/huge.yaml"), (8U << 20) + 1);
  EXPECT_FALSE(find("huge.yaml"));
  std::filesystem::resize_file(directory_.path("book/huge.yaml"), 8U << 20);
  EXPECT_TRUE(find("huge.yaml"));
}

TEST(BookFiles, AFolderIsAPageOfLinks) {
  const std::string page = folder_page("2026/11/", {{"instance/", "x.yaml"}, "", true});
  EXPECT_THAT(page, HasSubstr("<a href=\"instance/\">instance/</a>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"x.yaml\">x.yaml</a>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"../\">"));
  const std::string top = folder_page("", {{}, "", true});
  EXPECT_THAT(top, Not(HasSubstr("../"))) << "there is nothing above it";
  EXPECT_THAT(top, HasSubstr("No finished day yet."));
  EXPECT_THAT(folder_page("<b>/", {{"<i>"}, "", true}), Not(testing::ContainsRegex("<[bi]>")));
}

}  // namespace
}  // namespace imrs::web
