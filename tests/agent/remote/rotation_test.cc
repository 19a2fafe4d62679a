// Rotations: what each plans, that it stands whole or not at all, and the way back.
#include "agent/remote/rotation.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/remote/dnskey_question.h"
#include "example_config.h"
#include "signed_keys.h"
#include "tests/agent/web/certificates.h"
#include "tests/support/temp_directory.h"

namespace imrs::remote {
namespace {

using test::TempDirectory;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr std::int64_t kNow = 1'795'780'800;

Config example_config() {
  auto config = parse_config(example_agent_json("/etc/imrs"), example_secrets());
  EXPECT_TRUE(config) << config.error().message;
  return *config;
}

TEST(Rotation, OfSecrets) {
  const std::string agent = example_agent_json("/etc/imrs");
  const auto key = plan_tsig_key(agent, example_secrets(), "imrs-lab.",
                                 "YW5vdGhlci1zZWNyZXQtb2YtbWluZSEhIQ==\n");
  ASSERT_TRUE(key) << key.error().message;
  ASSERT_EQ(key->files.size(), 1U);
  EXPECT_EQ(key->files[0].path, "/etc/imrs/secrets.json");
  EXPECT_THAT(key->files[0].content, HasSubstr("YW5vdGhlci1zZWNyZXQtb2YtbWluZSEhIQ=="));
  EXPECT_EQ(key->activation, Activation::Upgrade);
  EXPECT_THAT(key->text, Not(HasSubstr("YW5v")));
  const auto password = plan_bgp_password(agent, example_secrets(), "host4", "hunter2\n");
  ASSERT_TRUE(password) << password.error().message;
  EXPECT_EQ(password->activation, Activation::ReloadBird);
  EXPECT_THAT(password->text, HasSubstr("its session has been ended"));
  EXPECT_THAT(password->text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(plan_bgp_password(agent, example_secrets(), "host4", "").error().message,
              HasSubstr("standard input"));
}

TEST(Rotation, OfCertificates) {
  const web::Identity ca = web::make_ca("CA", kNow + 1000);
  const web::Identity server = web::make_identity(ca, {.name = "ops", .not_after = kNow + 1000});
  Config config = example_config();
  const auto both = plan_certificate(config, server.certificate_pem() + server.key_pem(), kNow);
  ASSERT_TRUE(both) << both.error().message;
  ASSERT_EQ(both->files.size(), 2U);
  EXPECT_EQ(both->files[0].path, "/etc/imrs/tls/server.key");
  EXPECT_EQ(both->files[1].path, "/etc/imrs/tls/server.pem");
  EXPECT_THAT(both->files[1].content, Not(HasSubstr("PRIVATE KEY")));
  EXPECT_EQ(both->activation, Activation::None);
  for (const Rotation::File& file : both->files) {
    ASSERT_TRUE(file.reader) << file.path;
    EXPECT_EQ(file.reader->uid, 64005U);
    EXPECT_EQ(file.reader->group, 64005U);
  }
  EXPECT_THAT(plan_client_ca(config, ca.certificate_pem(), kNow)->files[0].path, "/etc/imrs/tls/ca.pem");
  config.web.tls->key = config.web.tls->certificate;
  const auto one = plan_certificate(config, server.certificate_pem() + server.key_pem(), kNow);
  ASSERT_EQ(one->files.size(), 1U);
  EXPECT_THAT(one->files[0].content, HasSubstr("PRIVATE KEY"));
  EXPECT_THAT(one->files[0].content, HasSubstr("CERTIFICATE"));
  EXPECT_TRUE(one->files[0].reader && plan_client_ca(config, ca.certificate_pem(), kNow)->files[0].reader);
  config.web.tls.reset();
  EXPECT_THAT(plan_client_ca(config, ca.certificate_pem(), kNow).error().message,
              HasSubstr("no \"web.tls\""));
}

// Files as a change leaves them that is cut off, by the number of the pair each belongs to.
TEST(Rotation, AHalfCertificateIsMended) {
  const web::Identity ca = web::make_ca("CA", kNow + 1000);
  std::vector<web::Identity> pairs;
  for (const char* name : {"zero", "one", "two"}) pairs.push_back(web::make_identity(ca, {.name = name}));
  struct Case {
    const char* description;
    int key, certificate, key_before, certificate_before;  // -1: there is none
    int want_key, want_certificate, want_key_before, want_certificate_before;
  };
  const Case cases[] = {
      {"whole", 1, 1, 0, 0, 1, 1, 0, 0},
      {"whole, and nothing before", 1, 1, -1, -1, 1, 1, -1, -1},
      {"cut off after the key", 2, 1, 1, 0, 1, 1, 2, 0},
      {"the same, of the first rotation", 2, 1, 1, -1, 1, 1, 2, -1},
      {"cut off after the second name of the certificate", 2, 1, 1, 1, 1, 1, 2, 1},
      {"half a rollback, undone", 1, 2, 2, 1, 2, 2, 1, 1},
      {"only the certificate is new", 1, 2, 0, 1, 1, 1, 0, 2},
      {"nothing fits", 2, 1, 0, 0, 2, 1, 0, 0},
      {"half of the very first", 1, -1, -1, -1, 1, -1, -1, -1},
      {"no key", -1, 1, 1, 1, -1, 1, 1, 1},
  };
  for (const Case& at : cases) {
    const TempDirectory directory;
    const auto text = [&](bool key, int i) {
      if (i < 0) return std::string();
      const web::Identity& pair = pairs[static_cast<std::size_t>(i)];
      return key ? pair.key_pem() : pair.certificate_pem();
    };
    const auto put = [&](const char* name, bool key, int i) {
      if (i >= 0) directory.write(name, text(key, i));
    };
    put("key", true, at.key), put("key.previous", true, at.key_before);
    put("pem", false, at.certificate), put("pem.previous", false, at.certificate_before);
    const auto done = mend_certificate({directory.path("pem"), directory.path("key"), ""});
    ASSERT_TRUE(done) << at.description;
    EXPECT_EQ(done->empty(), at.key == at.want_key && at.certificate == at.want_certificate) << *done;
    EXPECT_EQ(directory.read("key"), text(true, at.want_key)) << at.description;
    EXPECT_EQ(directory.read("key.previous"), text(true, at.want_key_before)) << at.description;
    EXPECT_EQ(directory.read("pem"), text(false, at.want_certificate)) << at.description;
    EXPECT_EQ(directory.read("pem.previous"), text(false, at.want_certificate_before)) << at.description;
  }
}

TEST(Rotation, WhichFileOfAnchors) {
  const Config config = example_config();
  EXPECT_EQ(*anchors_file_of(config, ".", "/etc/imrs"), "/etc/imrs/anchors/root.ds");
  const std::pair<const char*, const char*> cases[] = {
      {"net.", "there is no zone net."},
      {"plain.", "is not verified by DNSSEC"},
      {"example.", "has 2 files of trust anchors"},
      {"arpa.", "/usr/share/dns/root.ds is not below /etc/imrs"},
  };
  for (const auto& [zone, want] : cases) {
    EXPECT_THAT(anchors_file_of(config, zone, "/etc/imrs").error().message, HasSubstr(want));
  }
  EXPECT_FALSE(anchors_file_of(config, ".", "/etc/imr"));
}

TEST(Rotation, ARollStepByStep) {
  const SigningKey first, second;
  using Kind = AnchorChange::Kind;
  const auto set = [&](const std::vector<const SigningKey*>& keys, const std::vector<const SigningKey*>& by) {
    return std::optional(signed_set(keys, by, kNow));
  };
  const auto by_first = set({&first, &second}, {&first}), by_both = set({&first, &second}, {&first, &second}),
             by_second = set({&second}, {&second});
  const std::string one = first.ds(), two = second.ds();
  struct Case {
    const char* description;
    std::string current;
    AnchorChange change;
    std::string input;
    std::optional<zone::RRset> served;
    bool good;
  };
  const Case cases[] = {
      {"the second anchor comes first", one, {Kind::Add, 0}, two, by_first, true},
      {"the first must not go yet", one + two, {Kind::Remove, first.tag()}, "", by_first, false},
      {"the second may go again: the roll is given up",
       one + two,
       {Kind::Remove, second.tag()},
       "",
       by_first,
       true},
      {"the anchor is replaced too early", one, {Kind::Replace, 0}, two, by_first, false},
      {"while both sign, the first may go", one + two, {Kind::Remove, first.tag()}, "", by_both, true},
      {"while both sign, it may be replaced", one, {Kind::Replace, 0}, two, by_both, true},
      {"the second must not go any more", one + two, {Kind::Remove, second.tag()}, "", by_second, false},
      {"the first may go at the end", one + two, {Kind::Remove, first.tag()}, "", by_second, true},
      {"the last never", two, {Kind::Remove, second.tag()}, "", by_second, false},
      {"too late: what is served is not known, and adding mends it",
       one,
       {Kind::Add, 0},
       two,
       by_second,
       true},
      {"adding is always right", one, {Kind::Add, 0}, two, set({&first}, {&first}), true},
      {"unchecked, whatever is served", one, {Kind::Replace, 0}, two, std::nullopt, true},
      {"unchecked, but never none", one, {Kind::Remove, first.tag()}, "", std::nullopt, false},
  };
  for (const Case& at : cases) {
    const auto planned = plan_anchors("/etc/imrs/anchors/root.ds", at.current, at.change, at.input, ".",
                                      at.served, kNow);
    ASSERT_EQ(planned.ok(), at.good) << at.description << (planned ? "" : ": " + planned.error().message);
    if (!planned) continue;
    EXPECT_EQ(planned->activation, Activation::Upgrade);
    EXPECT_TRUE(planned->files.at(0).reader && planned->files.at(0).reader->everybody) << at.description;
    EXPECT_FALSE(parse_anchors(planned->files.at(0).content, "x")->empty()) << at.description;
  }
}

class CarriedOut : public testing::Test {
 protected:
  Activate recording(bool works) {
    return [this, works](Activation activation) -> Result<void> {
      seen_ = directory_.read("a") + directory_.read("b");
      all_seen_.push_back(seen_);
      activations_.push_back(activation);
      if (works || (works_later_ && activations_.size() > 1)) return {};
      return Error{Errc::Refused, "it does not work"};
    };
  }
  [[nodiscard]] Rotation rotation() const {
    return {.files = {{directory_.path("a"), "A2"}, {directory_.path("b"), "B2"}},
            .activation = Activation::ReloadBird,
            .text = ""};
  }

  TempDirectory directory_;
  std::string seen_;
  std::vector<std::string> all_seen_;
  bool works_later_ = false;
  std::vector<Activation> activations_;
};

TEST_F(CarriedOut, FilesThenPrograms) {
  directory_.write("a", "A1");
  ASSERT_TRUE(carry_out(rotation(), recording(true)));
  EXPECT_EQ(seen_, "A2B2");
  EXPECT_THAT(activations_, testing::ElementsAre(Activation::ReloadBird));
  EXPECT_THAT(directory_.files(), UnorderedElementsAre("a", "a.previous", "b"));
}

TEST_F(CarriedOut, WhatHasNoEffectIsTakenBack) {
  directory_.write("a", "A1");
  works_later_ = true;
  const auto done = carry_out(rotation(), recording(false));
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("all files are as they were: it does not work"));
  EXPECT_EQ(directory_.read("a"), "A1");
  EXPECT_THAT(directory_.files(), UnorderedElementsAre("a"));
  // Who has taken the new ones, and could only not say so, has the old ones again.
  EXPECT_THAT(all_seen_, testing::ElementsAre("A2B2", "A1"));
  EXPECT_THAT(activations_, testing::ElementsAre(Activation::ReloadBird, Activation::ReloadBird));
}

TEST_F(CarriedOut, WhatIsTakenBackCostsNobodyHisWayBack) {
  directory_.write("a", "A1");
  directory_.write("a.previous", "A0");
  directory_.write("b.previous", "stale");
  EXPECT_FALSE(carry_out(rotation(), recording(false)));
  EXPECT_THAT(directory_.files(), UnorderedElementsAre("a", "a.previous", "b.previous"));
  EXPECT_EQ(directory_.read("a") + directory_.read("a.previous"), "A1A0");
  EXPECT_EQ(directory_.read("b.previous"), "stale");
  directory_.write("b/in", "");  // a folder is in the way: of two files, the first is replaced
  EXPECT_FALSE(carry_out(rotation(), recording(true)));
  EXPECT_EQ(directory_.read("a") + directory_.read("a.previous"), "A1A0");
  std::filesystem::remove_all(directory_.path("b"));
  ASSERT_TRUE(carry_out(rotation(), recording(true)));
  EXPECT_THAT(directory_.files(), UnorderedElementsAre("a", "a.previous", "b", "b.previous"));
  EXPECT_EQ(directory_.read("a") + directory_.read("a.previous"), "A2A1");
}

TEST_F(CarriedOut, ProgramsThatCannotBeToldAgainAreInTheError) {
  directory_.write("a", "A1");
  const auto same = carry_out(rotation(), recording(false));
  ASSERT_FALSE(same);
  EXPECT_THAT(same.error().message,
              HasSubstr("all files are as they were; telling the programs so has failed "
                        "too (for the same reason)"));
  EXPECT_THAT(same.error().message, testing::EndsWith(": it does not work"));
  int calls = 0;
  const auto other = carry_out(rotation(), [&](Activation) -> Result<void> {
    return Error{Errc::Refused, ++calls == 1 ? "BIRD does not work" : "now the agent does not"};
  });
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("too (now the agent does not)"));
  EXPECT_THAT(other.error().message, testing::EndsWith(": BIRD does not work"));
  EXPECT_EQ(calls, 2);
}

TEST_F(CarriedOut, WhatNoProgramIsToldOfIsNotToldTwice) {
  directory_.write("a", "A1");
  Rotation quiet = rotation();
  quiet.activation = Activation::None;
  EXPECT_FALSE(carry_out(quiet, recording(false)));
  EXPECT_THAT(all_seen_, testing::ElementsAre("A2B2"));
}

TEST_F(CarriedOut, AFileThatCannotBeWrittenTakesTheOthersBack) {
  directory_.write("a", "A1");
  directory_.write("b/in", "");  // a folder is in the way
  EXPECT_FALSE(carry_out(rotation(), recording(true)));
  EXPECT_THAT(activations_, testing::IsEmpty());
  EXPECT_EQ(directory_.read("a"), "A1");
}

TEST_F(CarriedOut, AllTheWayBack) {
  directory_.write("a", "A1");
  directory_.write("b", "B1");
  ASSERT_TRUE(carry_out(rotation(), recording(true)));
  const std::vector<std::string> files{directory_.path("a"), directory_.path("b")};
  ASSERT_TRUE(roll_back(files, Activation::UpgradeAndBird, recording(true)));
  EXPECT_EQ(seen_, "A1B1");
  all_seen_.clear();
  EXPECT_FALSE(roll_back(files, Activation::UpgradeAndBird, recording(false)));
  EXPECT_EQ(directory_.read("a") + directory_.read("b"), "A1B1");
  EXPECT_THAT(all_seen_, testing::ElementsAre("A2B2", "A1B1")) << "once more, with those that hold";
  std::filesystem::remove(directory_.path("b.previous"));
  EXPECT_FALSE(roll_back(files, Activation::None, recording(true)));
  EXPECT_EQ(directory_.read("a"), "A1") << "half is not the way";
}

TEST(DnskeyQuestion, WhoDoesNotAnswerIsNamedWithTheRemedy) {
  const auto keys = ask_dnskeys({Family::V4, "127.0.0.1"}, 1, wire::Name());
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, Errc::Unavailable);
  EXPECT_THAT(keys.error().message, HasSubstr("127.0.0.1 port 1 does not answer for . DNSKEY"));
  EXPECT_THAT(keys.error().message, HasSubstr("--unchecked"));
}

}  // namespace
}  // namespace imrs::remote
