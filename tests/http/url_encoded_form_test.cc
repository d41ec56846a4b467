#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "http/form_reading.h"
#include "http/query.h"

namespace bao::http {
namespace {

using testing::ReadForm;
using Pairs = std::vector<std::pair<std::string, std::string>>;

ReadForm read(std::string_view text, const FormLimits& limits = {}) {
  return testing::read_form(UrlEncodedParser(limits), text);
}

Pairs pairs_of(std::string_view text) {
  Pairs pairs;
  const ReadForm form = read(text);
  EXPECT_EQ(form.refused, 0);
  for (const testing::ReadPart& part : form.parts) {
    EXPECT_FALSE(part.filename.has_value());
    pairs.emplace_back(part.name, part.content);
  }
  return pairs;
}

// WHATWG URL Standard, section 5.1
TEST(UrlEncodedForm, IsReadAsQueriesAre) {
  for (const char* text :
       {"",      "a=1&b=2", "a=1&a=2",     "a",    "a&b",   "=x",        "=",      "&&a=1&&",
        "a=b=c", "a+b=c+d", "%61=%62",     "a=%",  "a=%4",  "a=%4z",     "a=%%41", "a=%zz%41",
        "%",     "%4=%4",   "a=%E2%82%AC", "a=x&", "a=&b=", "a%3D=b%26", "a=%4%41"}) {
    EXPECT_EQ(pairs_of(text), QueryParameters(text).entries()) << text;
  }
}

TEST(UrlEncodedForm, NamesAreMadeValidUtf8AndContentIsBytes) {
  EXPECT_EQ(pairs_of("%ff=%ff"), (Pairs{{"\xEF\xBF\xBD", "\xff"}}));
  EXPECT_EQ(pairs_of("a=%00"), (Pairs{{"a", std::string(1, '\0')}}));
}

TEST(UrlEncodedForm, HasLimits) {
  const FormLimits limits{.max_parts = 2, .max_name_bytes = 3};
  EXPECT_EQ(read("a=1&%61%62%63=2", limits).refused, 0);
  const ReadForm many = read("a&b&&c", limits);
  EXPECT_EQ(many.refused, 413);
  EXPECT_EQ(many.reason, "the form has too many parts");
  for (const char* text : {"abcd=1", "abcd", "abcdefghijklmnop", "%61%62%63%64=1"}) {
    const ReadForm form = read(text, limits);
    EXPECT_EQ(form.refused, 413) << text;
    EXPECT_EQ(form.reason, "a name in the form is too long") << text;
  }
}

}  // namespace
}  // namespace bao::http
