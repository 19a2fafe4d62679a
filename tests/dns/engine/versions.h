// tests/dns/engine/versions.h
// Consecutive versions of zones, and what is right to answer at each of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dns/image/image.h"
#include "tests/support/answers.h"
#include "tests/support/test_zones.h"

namespace imrs::test {

struct Question {
  Transport transport = Transport::Udp;
  Octets octets;
};

struct Versions {
  std::vector<std::shared_ptr<const image::Image>> images;
  std::vector<Question> questions;
  std::vector<std::vector<Octets>> right;  // by question and version
};

// Every RRset that is signed has a signature of `version`, so that each piece of an answer with DO tells
// which version it is from. Its octets are made up, as those of three_zones() are.
[[nodiscard]] std::vector<ZoneText> three_zones_signed_by(std::uint32_t version);

// A root zone without signatures, one record a line, with such signatures.
[[nodiscard]] std::string signed_by(const std::string& root_zone, std::uint32_t version);

// Asked by UDP and TCP: the apex, each TLD in several ways, and names that do not exist. Questions without DO
// about delegations are left out unless some version answers them differently.
[[nodiscard]] Versions make_versions(std::vector<std::shared_ptr<const image::Image>> images,
                                     const std::vector<std::string>& tlds);

}  // namespace imrs::test
