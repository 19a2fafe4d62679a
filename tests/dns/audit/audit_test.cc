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

// Its image would be refused, and the root grow old, for a zone that is answered with SERVFAIL anyway.
TEST(Audit, EndedSignaturesOfAnotherZoneCostTheRootNothing) {
  constexpr std::uint32_t kArpaUntil = test::kLabTime + 1000;
  const AuditLab lab(kArpaUntil);
  const auto image = image::Image::adopt(lab.image()).value();
  EXPECT_EQ(image->zones()[1].first_signature_end, kArpaUntil) << "by which it is answered so";
  const auto judged = [&](std::int64_t now) -> std::string {
    auto auditor = Auditor::make(lab.inputs(), lab.anchors(), now);
    if (!auditor) return auditor.error().message;
    const auto report = auditor->audit(*image);
    return report ? "" : report.error().message;
  };
  EXPECT_EQ(judged(kArpaUntil), "");
  EXPECT_EQ(judged(kArpaUntil + 1), "");
  EXPECT_THAT(judged(std::int64_t{test::kLabUntil} + 1), HasSubstr(". DNSKEY: RRSIG ended 2038"));
  EXPECT_THAT(judged(1500000000), HasSubstr("RRSIG not valid before"));
  const std::string& file = lab.zones()[1].file;
  lab.dir().write("arpa.zone", test::replaced(test::read_text(file), " 1800 900 ", " 1801 900 "));
  EXPECT_THAT(judged(kArpaUntil + 1), HasSubstr("arpa. SOA: RRSIG does not verify"));
}

}  // namespace
}  // namespace imrs::audit
