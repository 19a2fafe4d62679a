// Zones on disk: every way a file can be broken, and both generations.
#include "dns/pipeline/store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "dns/pipeline/contents.h"
#include "dns/zone/parse.h"
#include "dns/zone/verify.h"
#include "tests/dns/transfer/messages.h"
#include "tests/dns/zone/zone_files.h"

namespace imrs::pipeline {
namespace {

using test::TempDir;
using testing::HasSubstr;

zone::VerifiedZone zone_of(const std::string& origin, std::uint32_t serial) {
  zone::ZoneBuilder builder(test::name(origin));
  const auto target = test::name("ns.example.");
  EXPECT_TRUE(builder.add(test::name(origin), 6, 3600, test::soa_rdata(serial)).ok());
  EXPECT_TRUE(builder.add(test::name(origin), 2, 7200, target.wire()).ok());
  const zone::VerifyPolicy none{zone::VerifyPolicy::Dnssec::None, zone::VerifyPolicy::Zonemd::None};
  return zone::verify(std::move(builder).finish().value(), {}, none, 0).value();
}

std::vector<std::uint8_t> stored(const std::string& origin, std::uint32_t serial, std::int64_t confirmed) {
  const auto zone = zone_of(origin, serial);
  const std::array one{&zone};
  return encode_stored_zone(zone_contents(one), confirmed);
}

std::uint32_t serial_of(const zone::Zone& zone) {
  const auto& rdata = zone.nodes.at(zone.origin).at(6).rdata.front();
  return wire::ByteReader(std::span(rdata).last(20)).u32();
}

TEST(Store, WhatIsSavedIsLoaded) {
  const TempDir dir;
  const Store store(dir.path(""));
  for (const char* origin : {".", "arpa.", "root-servers.net."}) {
    const auto name = test::name(origin);
    EXPECT_EQ(store.load(name).error().code, Errc::Unavailable) << origin;
    ASSERT_TRUE(store.save(Store::file_of(name), stored(origin, 7, 5'000'000'000)).ok());
    const auto loaded = store.load(name);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(loaded->confirmed, 5'000'000'000);
    EXPECT_EQ(loaded->zone.nodes.size(), 1U);
    EXPECT_EQ(loaded->zone.nodes.at(name).at(2).ttl, 7200U);
    EXPECT_EQ(serial_of(loaded->zone), 7U);
  }
}

TEST(Store, EveryDamageIsFoundAndTheGenerationBeforeIsUsed) {
  const TempDir dir;
  const Store store(dir.path(""));
  const auto root = wire::Name();
  ASSERT_TRUE(store.save(Store::file_of(root), stored(".", 1, 10)).ok());
  ASSERT_TRUE(store.save(Store::file_of(root), stored(".", 2, 20)).ok());
  EXPECT_EQ(serial_of(store.load(root)->zone), 2U);
  const auto whole = stored(".", 2, 20);
  const auto put = [&](std::span<const std::uint8_t> octets) {
    dir.write("@.zone", std::string(octets.begin(), octets.end()));
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put(std::span(whole).first(size));
    const auto loaded = store.load(root);
    ASSERT_TRUE(loaded.ok()) << size;
    ASSERT_EQ(serial_of(loaded->zone), 1U) << "cut after " << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto flipped = whole;
    flipped[at] ^= 0x10;
    put(flipped);
    ASSERT_EQ(serial_of(store.load(root)->zone), 1U) << "flipped at " << at;
  }
  ASSERT_EQ(::unlink(dir.path("@.zone").c_str()), 0);  // between the two renames
  EXPECT_EQ(serial_of(store.load(root)->zone), 1U);
  put(whole);
  EXPECT_EQ(serial_of(store.load(root)->zone), 2U);
}

TEST(Store, BothBrokenIsSaid) {
  const TempDir dir;
  const Store store(dir.path(""));
  dir.write("@.zone", "IMRSZON1 and nothing good after it, though it is long enough");
  dir.write("@.zone.before", "");
  const auto loaded = store.load(wire::Name());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Errc::InvalidInput);
  EXPECT_THAT(loaded.error().message, testing::AllOf(HasSubstr("@.zone: "), HasSubstr("SHA-256 differs"),
                                                     HasSubstr("@.zone.before: ")));
}

TEST(Store, AnotherZonesFileIsNotTaken) {
  const auto decoded = decode_stored_zone(stored("arpa.", 1, 0), wire::Name());
  ASSERT_FALSE(decoded.ok());
  EXPECT_THAT(decoded.error().message, HasSubstr("holds the zone arpa."));
}

// A limit on the size of files stands for a full disk.
TEST(Store, AFullDiskCostsNothingThatWasThere) {
  const TempDir dir;
  const Store store(dir.path(""));
  ASSERT_TRUE(store.save(Store::file_of(wire::Name()), stored(".", 1, 10)).ok());
  ASSERT_TRUE(store.save(Store::file_of(wire::Name()), stored(".", 2, 20)).ok());
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit full{40, 40};
    ::setrlimit(RLIMIT_FSIZE, &full);
    const auto saved = store.save(Store::file_of(wire::Name()), stored(".", 3, 30));
    ::_exit(!saved && saved.error().message.find("@.zone.new") != std::string::npos ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(serial_of(store.load(wire::Name())->zone), 2U);
  ASSERT_EQ(::unlink(dir.path("@.zone").c_str()), 0);
  EXPECT_EQ(serial_of(store.load(wire::Name())->zone), 1U) << "the generation before, too";
  EXPECT_NE(::access(dir.path("@.zone.new").c_str(), F_OK), 0) << "nothing half-written is left";
}

TEST(Store, NoDirectoryIsAnErrorThatNamesIt) {
  const Store store("/no/such/directory");
  const auto saved = store.save(Store::file_of(wire::Name()), stored(".", 1, 0));
  ASSERT_FALSE(saved.ok());
  EXPECT_THAT(saved.error().message, HasSubstr("/no/such/directory"));
}

}  // namespace
}  // namespace imrs::pipeline
