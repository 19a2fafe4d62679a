// agent/shared_image.h
// An image on its way through the agent.
#pragma once

#include <memory>

#include "agent/base/unique_fd.h"
#include "dns/image/image.h"

namespace imrs::agent {

// An image and the sealed memfd it came in.
struct SharedImage {
  std::shared_ptr<const image::Image> image;
  std::shared_ptr<UniqueFd> memfd;
};

// One that nobody has audited yet, and the sealed memfd of its zones' records.
struct Candidate {
  SharedImage image;
  std::shared_ptr<UniqueFd> contents;
};

}  // namespace imrs::agent
