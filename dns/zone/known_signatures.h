// dns/zone/known_signatures.h
// Signatures that this process has verified, so that the next version of a zone costs only what is new in it.
// A signature is known by everything that decides whether it verifies: key, signed octets, signature.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <utility>

namespace imrs::zone {

class KnownSignatures {
 public:
  using Id = std::array<std::uint8_t, 32>;

  [[nodiscard]] static Id id_of(std::span<const std::uint8_t> key, std::span<const std::uint8_t> data,
                                std::span<const std::uint8_t> signature);

  // Also from several threads at a time, while nobody changes it.
  [[nodiscard]] bool hold(const Id& id) const { return known_.contains(id); }

  // Verified in the version that is being looked at.
  void add(const Id& id) { fresh_.insert(id); }
  // That version is good: what it has not got is forgotten.
  void keep() { known_ = std::exchange(fresh_, {}); }
  // It is not: what it had is forgotten.
  void drop() { fresh_.clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return known_.size(); }

 private:
  std::set<Id> known_, fresh_;
};

}  // namespace imrs::zone
