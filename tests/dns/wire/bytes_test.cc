// The bounds of ByteReader, and that ByteWriter writes what it reads.
#include "dns/wire/bytes.h"

#include <gmock/gmock.h>

namespace imrs::wire {
namespace {

TEST(ByteReader, ReadsBigEndian) {
  const std::uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 0xAA};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u32(), 0x04050607U);
  EXPECT_EQ(reader.position(), 7U);
  EXPECT_EQ(reader.remaining(), 1U);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, PastTheEndFailsForGood) {
  const std::uint8_t bytes[] = {0xFF, 0xFF, 0xFF};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);  // there is one, but the reader has failed
  EXPECT_TRUE(reader.take(0).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, TakesToTheVeryEnd) {
  const std::uint8_t bytes[] = {1, 2};
  ByteReader reader(bytes);
  EXPECT_THAT(reader.take(2), testing::ElementsAre(1, 2));
  EXPECT_TRUE(reader.take(0).empty());
  EXPECT_TRUE(reader.ok());
  reader.skip(1);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, HugeSizeDoesNotWrap) {
  const std::uint8_t bytes[] = {1, 2};
  ByteReader reader(bytes);
  (void)reader.u8();
  reader.skip(static_cast<std::size_t>(-1));
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.position(), 1U);
}

TEST(ByteWriter, WritesBigEndian) {
  std::vector<std::uint8_t> out;
  ByteWriter writer(out);
  writer.u8(1);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  const std::uint8_t tail[] = {8, 9};
  writer.put(tail);
  EXPECT_THAT(out, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  store_u16(out.data(), 0xBEEF);
  EXPECT_EQ(load_u16(out.data()), 0xBEEF);
}

}  // namespace
}  // namespace imrs::wire
