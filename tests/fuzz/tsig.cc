// Any octets as a signed request, as a signed response and as a NOTIFY: nothing is believed, and what is
// answered can be read.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dns/transfer/notify.h"
#include "dns/transfer/tsig.h"
#include "tests/fuzz/expect.h"

namespace {

using namespace imrs::transfer;

constexpr std::int64_t kNow = 1'790'000'000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<TsigKey> keys{
      make_tsig_key("lab.", "hmac-sha256", "MTIzNDU2Nzg5MDEyMzQ1Ng==").value(),
      make_tsig_key("lab.", "hmac-sha512", "MTIzNDU2Nzg5MDEyMzQ1Ng==").value()};
  std::vector<std::uint8_t> request(data, data + size);
  const auto checked = check_request(request, keys, kNow);
  if (checked) {
    imrs::fuzz::expect(checked->outcome != CheckedRequest::Outcome::Good, "no MAC is found by chance");
    if (const auto notify = read_notify(request)) {
      auto response = make_notify_response(*notify, 0);
      sign_response(response, *checked, kNow);
      imrs::fuzz::expect(check_request(response, keys, kNow).ok(), "the answer can be read");
    }
  }
  TsigClient client(keys.front());
  auto query = make_query(1, imrs::wire::Name(), 252);
  client.sign(query, kNow);
  std::vector<std::uint8_t> response(data, data + size);
  imrs::fuzz::expect(!client.verify(response, kNow).ok(), "no response is believed");
  return 0;
}
