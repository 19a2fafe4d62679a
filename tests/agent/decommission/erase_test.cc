// Listing and erasing, in a directory of the test's own.
#include "agent/decommission/erase.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "agent/base/unique_fd.h"
#include "tests/support/temp_directory.h"

namespace imrs::decommission {
namespace {

namespace fs = std::filesystem;
using test::TempDirectory;
using testing::HasSubstr;
using testing::IsEmpty;

bool nothing(const std::string&, const struct stat&) { return false; }

Result<void> walk_idly(const std::string& directory) {
  return walk(directory, [](const std::string&, const struct stat&) { return Result<void>(); });
}

std::string digest_of_abc() { return "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; }

TEST(Erase, EverythingIsListedSecretsWithoutDigest) {
  const TempDirectory directory;
  directory.write("zones/@.zone", "abc");
  ASSERT_EQ(::chmod(directory.path("zones/@.zone").c_str(), 0644), 0);
  directory.write("secrets.json", "hunter2");
  ASSERT_EQ(::chmod(directory.path("secrets.json").c_str(), 0640), 0);
  fs::create_symlink("/etc/passwd", directory.path("link"));
  ASSERT_EQ(::mkfifo(directory.path("pipe").c_str(), 0600), 0);
  fs::create_directories(directory.path("empty/folder"));
  const auto items = list_items(directory.path(), nothing);
  ASSERT_TRUE(items) << items.error().message;
  const std::vector<Item> want{{directory.path("link"), "link", 0, "", "", "/etc/passwd", false},
                               {directory.path("pipe"), "other", 0, "", "", "", false},
                               {directory.path("secrets.json"), "file", 7, "", "", "", false},
                               {directory.path("zones/@.zone"), "file", 3, digest_of_abc(), "", "", false}};
  EXPECT_EQ(*items, want);
  const auto some = list_items(
      directory.path(), [](const std::string& path, const struct stat&) { return path.ends_with("zone"); });
  EXPECT_EQ(some->size(), 3U);
  EXPECT_THAT(*list_items(directory.path("nowhere"), nothing), IsEmpty());
}

// The block is looked at through a descriptor that was open before.
TEST(Erase, AFileIsOverwrittenAndRemoved) {
  const TempDirectory directory;
  const std::string path = directory.write("key", std::string(100'000, 'k'));
  const int fd = ::open(path.c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(*erase_item(path), "overwritten and removed");
  std::string left(100'001, 'x');
  EXPECT_EQ(::read(fd, left.data(), left.size()), 100'000);
  EXPECT_EQ(left.find_first_not_of('\0'), 100'000U);
  ::close(fd);
  EXPECT_THAT(directory.files(), IsEmpty());
  EXPECT_EQ(*erase_item(path), "was gone already");
  EXPECT_EQ(*erase_item(directory.path("nowhere/key")), "was gone already");
}

TEST(Erase, WhatALinkLeadsToStays) {
  const TempDirectory directory, elsewhere;
  elsewhere.write("file", "host's");
  fs::create_symlink(elsewhere.path("file"), directory.path("link"));
  EXPECT_EQ(*erase_item(directory.path("link")), "removed");
  fs::create_symlink(elsewhere.path(), directory.path("folder"));
  EXPECT_THAT(erase_item(directory.path("folder/file")).error().message, HasSubstr("symbolic link"));
  EXPECT_THAT(list_items(directory.path("folder"), nothing).error().message, HasSubstr("symbolic link"));
  EXPECT_THAT(walk_idly(directory.path("folder")).error().message, HasSubstr("symbolic link"));
  EXPECT_EQ(list_items(directory.path(), nothing)->size(), 1U) << "the link alone, and nothing behind it";
  EXPECT_EQ(elsewhere.read("file"), "host's");
}

TEST(Erase, AFileWithAnotherNameElsewhereKeepsItsContents) {
  const TempDirectory directory, elsewhere;
  elsewhere.write("file", "host's");
  fs::create_hard_link(elsewhere.path("file"), directory.path("file"));
  EXPECT_TRUE(list_items(directory.path(), nothing)->front().elsewhere);
  EXPECT_THAT(*erase_item(directory.path("file")), HasSubstr("not overwritten: it has another name"));
  EXPECT_EQ(elsewhere.read("file"), "host's");
}

// As a rotation leaves them that was cut off: no name is anywhere else, so the contents go with the first.
TEST(Erase, AFileWithItsNamesBesideEachOtherIsOverwritten) {
  const TempDirectory directory;
  const std::string key = directory.write("key", "hunter2");
  fs::create_hard_link(key, key + ".previous");
  fs::create_hard_link(key, key + ".before");
  const auto items = list_items(directory.path(), nothing);
  ASSERT_EQ(items->size(), 3U);
  const UniqueFd fd(::open(key.c_str(), O_RDONLY));
  for (const Item& item : *items) {
    EXPECT_FALSE(item.elsewhere) << item.path;
    EXPECT_EQ(*erase_item(item.path), "overwritten and removed") << item.path;
  }
  std::string left(7, 'x');
  EXPECT_EQ(::pread(fd.get(), left.data(), left.size(), 0), 7);
  EXPECT_EQ(left, std::string(7, '\0'));
}

TEST(Erase, WhereALinkLeads) {
  const TempDirectory directory, elsewhere;
  fs::create_symlink(elsewhere.write("file", ""), directory.path("last"));
  fs::create_symlink("last", directory.path("first"));
  fs::create_symlink("../gone", directory.path("dangling"));
  EXPECT_EQ(target_of(directory.path("first")), elsewhere.path("file"));
  EXPECT_EQ(target_of(directory.path("dangling")), fs::path(directory.path()).parent_path() / "gone");
}

TEST(Erase, WhatIsNoFileIsRemovedWithoutWaiting) {
  const TempDirectory directory;
  ASSERT_EQ(::mkfifo(directory.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(*erase_item(directory.path("pipe")), "removed");
  fs::create_directory(directory.path("folder"));
  EXPECT_FALSE(erase_item(directory.path("folder")));
}

TEST(Erase, EmptyDirectoriesGoOthersStay) {
  const TempDirectory directory;
  fs::create_directories(directory.path("a/b/c"));
  directory.write("d/e/file", "");
  remove_empty_directories(directory.path());
  EXPECT_FALSE(directory.has("a"));
  EXPECT_TRUE(directory.has("d/e/file"));
  remove_empty_directories(directory.path("nowhere"));
}

TEST(Erase, AnotherFileSystemIsRefused) {
  struct stat outer {
  }, inner{};
  const bool apart = ::stat("/dev", &outer) == 0 && ::stat("/dev/shm", &inner) == 0 &&
                     outer.st_dev != inner.st_dev;
  if (!apart) GTEST_SKIP() << "/dev/shm is no file system of its own here";
  EXPECT_THAT(walk_idly("/dev").error().message, HasSubstr("is another file system"));
}

}  // namespace
}  // namespace imrs::decommission
