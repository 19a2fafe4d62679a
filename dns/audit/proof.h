// dns/audit/proof.h
// The proof of one whole response: read by ldns, compared with the zone record by record.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "dns/audit/asking.h"
#include "dns/audit/expectation.h"
#include "dns/audit/message.h"
#include "dns/audit/reference.h"

namespace imrs::audit {

class Prover {
 public:
  explicit Prover(const Reference& zone);

  // `response`: to `question`, asked by TCP with EDNS, so that nothing may be missing. An error says what is
  // wrong with it: header, question, OPT, a record that is not expected there, twice, with another TTL or
  // missing, NSEC records that prove nothing or not enough, letters that neither zone nor question have.
  [[nodiscard]] Result<Proven> prove(const Question& question, Octets query, Octets response,
                                     const Expectation& expected);

 private:
  enum class Section : std::uint8_t { Answer, Authority, Additional };
  // What the record is to this response; of no meaning unless `round` is the current one.
  struct Role {
    std::uint64_t round = 0;
    Section section = Section::Answer;
    std::uint32_t ttl = 0;
    bool courtesy = false;
    bool seen = false;
  };

  struct Found {
    Index record = 0;
    Section section = Section::Answer;
    std::uint32_t ttl = 0;
  };
  // Kept, for many responses have the same octets after the question, and ldns takes longer for one than
  // everything else does.
  struct Reading {
    std::vector<std::uint8_t> question, counts, body;  // octets of the message
    std::vector<Found> records;
    bool again = false;  // it may be used for other questions
  };

  void assign(const std::vector<Item>& items, Section section, bool courtesy = false);
  void assign(const Item& item, Section section, bool courtesy);
  void assign_set(const Set& set, Section section, bool signatures);
  // The records of a response, by ldns, as those of the zone that they are; in the order of the message.
  [[nodiscard]] Result<const Reading*> read(const Question& question, Octets response, const Cuts& cuts);
  [[nodiscard]] const Reading* known(const Question& question, Octets response, const Cuts& cuts) const;
  [[nodiscard]] Result<void> read_all(const ldns_struct_rr_list* list, Section section,
                                      const Question& question, Reading& out);
  [[nodiscard]] Result<Found> find(const ldns_struct_rr* rr, Section section, const Question& question,
                                   bool& again);
  [[nodiscard]] bool spelled_right(const ldns_struct_rr* rr, const Question& question);
  [[nodiscard]] Result<void> take(const Found& found, const Expectation& expected);
  [[nodiscard]] Result<void> complete(const Expectation& expected) const;
  [[nodiscard]] bool is_one_of(const Expectation& expected) const;
  [[nodiscard]] Result<void> denied(const Expectation& expected) const;
  [[nodiscard]] std::vector<End> ends_of(const std::vector<std::size_t>& record_ends, std::size_t head) const;

  const Reference& zone_;
  std::vector<Role> roles_;
  std::uint64_t round_ = 0;
  std::vector<Index> assigned_;  // records with a role in this round
  std::vector<Index> seen_;      // in the order of the message
  std::string key_, spelled_;
  static constexpr std::size_t kReadings = 8;
  std::array<Reading, kReadings> readings_;  // the last ones that may be used again
  std::size_t next_reading_ = 0;
  Reading single_;  // the last one that may not
};

}  // namespace imrs::audit
