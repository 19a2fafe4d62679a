// dns/answer/response.h
// A response under construction: question, answer, OPT, and the header when the counts are known. Used by
// respond() only. Writes no more than its limit; no allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "dns/answer/cookies.h"
#include "dns/answer/query.h"
#include "dns/answer/responder.h"
#include "dns/image/lookup.h"

namespace imrs::answer {

class Response {
 public:
  // `message`: the query that `query` was read from. `limit`: octets, at most those of `out`.
  Response(const Context& context, const Client& client, const Query& query,
           std::span<const std::uint8_t> message, std::span<std::uint8_t> out, std::size_t limit) noexcept;

  // Each of these ends the response. `rcode` may have extended bits; `reason`: an extended error (RFC
  // 8914) for the human at the other end, 0: none.
  Outcome error(std::uint16_t rcode, std::uint16_t reason = 0) noexcept;
  Outcome found(const image::Found& found) noexcept;
  Outcome chaos_text(std::string_view text) noexcept;  // one TXT record of class CH with TTL 0
  Outcome cookie_only() noexcept;                      // RFC 7873 section 5.4
  Outcome bad_key() noexcept;                          // NOTAUTH, unsigned TSIG with BADKEY: RFC 8945 5.3.2

 private:
  [[nodiscard]] bool fits(std::size_t size) const noexcept { return end_ + size <= limit_; }
  [[nodiscard]] std::size_t opt_size() const noexcept;
  void choose_options(const Context& context, const Client& client) noexcept;
  bool claim(std::size_t data) noexcept;
  void put(const void* octets, std::size_t size) noexcept;
  void put_u16(std::uint16_t value) noexcept;
  void put_opt(std::uint16_t extended_rcode) noexcept;
  void put_option(std::uint16_t code, const void* data, std::size_t size) noexcept;
  Outcome finish(std::uint16_t flags) noexcept;

  const Query& query_;
  const Identity& identity_;
  std::span<const std::uint8_t> message_;
  std::uint8_t* out_;
  std::size_t limit_;
  std::size_t end_ = 0;
  std::size_t options_size_ = 0;  // octets of the options that will be there
  CookieReply cookie_;
  bool nsid_ = false;            // asked for, and there is room
  std::uint16_t keepalive_ = 0;  // 100 ms; 0: no such option
  std::uint16_t reason_ = 0;
  bool opt_done_ = false;
  std::uint32_t answer_ = 0;
  std::uint16_t answers_ = 0, authorities_ = 0, additionals_ = 0;
};

}  // namespace imrs::answer
