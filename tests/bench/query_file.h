// tests/bench/query_file.h
// A file of queries: repeated length (16 bits, network order) and DNS message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace imrs::bench {

inline std::uint16_t message_id(const std::uint8_t* message) {
  return std::uint16_t(message[0] << 8 | message[1]);
}

// In memory, ready to send. Copies are independent, since sending changes the ids.
class QueryFile {
 public:
  // Ends the program if the file cannot be read or holds no message of a whole header. There are at least
  // kLeast queries afterwards, so that a batch never holds one buffer twice.
  explicit QueryFile(const std::string& path);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::span<std::uint8_t> message(std::size_t i, std::uint16_t id);
  // The same with its length before it, as TCP has it.
  [[nodiscard]] std::span<const std::uint8_t> framed(std::size_t i, std::uint16_t id);

  static constexpr std::size_t kLeast = 256;

 private:
  struct Entry {
    std::size_t at;
    std::uint16_t length;
  };
  std::vector<std::uint8_t> octets_;
  std::vector<Entry> entries_;
};

}  // namespace imrs::bench
