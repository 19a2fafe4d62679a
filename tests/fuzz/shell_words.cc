// What an SSH client sends as its command line: refused, or taken apart into words that say the same again,
// and judged by the table of roles without harm.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/remote/shell_words.h"
#include "tests/fuzz/expect.h"

using namespace imrs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto words = remote::shell_words(line);
  if (!words) {
    fuzz::expect(!words.error().message.empty(), "a refusal says why");
    return 0;
  }
  fuzz::expect(words->size() <= remote::kMostWords, "not too many");
  const auto again = remote::shell_words(remote::quoted(*words));
  // Quoting may make a line longer than is taken.
  if (again) fuzz::expect(*again == *words, "quoted words are the same words");
  for (const std::string& word : *words) fuzz::expect(word.size() <= remote::kMostWord, "none too long");
  return 0;
}
