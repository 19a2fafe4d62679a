// The audit of good images, and of zones that are not what the image was made of.
#include "dns/audit/audit.h"

#include <gmock/gmock.h>

#include "tests/dns/audit/lab.h"

namespace imrs::audit {
namespace {

using test::AuditLab;
using testing::HasSubstr;

TEST(Audit, PassesAGoodImage) {
  const AuditLab lab;
  auto image = image::Image::adopt(lab.image());
  ASSERT_TRUE(image.ok());
  const auto report = lab.auditor().audit(**image);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GT(report->questions, 3000U);
  EXPECT_GT(report->proofs, 300U);
  EXPECT_GT(report->signatures, 16U);
  EXPECT_THAT(report->text(), HasSubstr(std::to_string(report->questions) + " questions"));
}

}  // namespace
}  // namespace imrs::audit
