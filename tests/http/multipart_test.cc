#include <gtest/gtest.h>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/form_reading.h"

namespace bao::http {
namespace {

using testing::ReadForm;
using testing::ReadPart;
using Parts = std::vector<ReadPart>;

ReadForm read(std::string_view text, const FormLimits& limits = {}) {
  return testing::read_form(MultipartParser("XX", limits), text);
}

std::string part(const std::string& header, const std::string& content) {
  return "--XX\r\n" + header + "\r\n\r\n" + content + "\r\n";
}
std::string named(const std::string& parameters, const std::string& content = "x") {
  return part("Content-Disposition: form-data; " + parameters, content);
}
const std::string kEnd = "--XX--\r\n";

void expect_parts(const std::string& text, const Parts& parts) {
  EXPECT_EQ(read(text), (ReadForm{parts, 0, ""}));
}
void expect_refused(const std::string& text, int status, std::string_view reason,
                    const FormLimits& limits = {}) {
  const ReadForm form = read(text, limits);
  EXPECT_EQ(form.refused, status) << form;
  EXPECT_EQ(form.reason, reason) << ::testing::PrintToString(text.substr(0, 200));
}
constexpr std::string_view kMalformed = "a header field of a part of the form is malformed";

// ---- RFC 7578 section 4

TEST(Multipart, PartsComeInTheirOrder) {
  expect_parts(named("name=\"a\"", "1") + named("name=b", "2") + named("name=\"a\"", "3") + kEnd,
               {{"a", {}, "", "1"}, {"b", {}, "", "2"}, {"a", {}, "", "3"}});
}

TEST(Multipart, FilesHaveNamesAndTypes) {
  expect_parts(part("content-disposition: Form-Data; NAME=\"f\"; FileName=\"a b.txt\"\r\n"
                    "CONTENT-TYPE: text/plain;charset=utf-8",
                    "line\r\nline\n\r") +
                   kEnd,
               {{"f", "a b.txt", "text/plain;charset=utf-8", "line\r\nline\n\r"}});
  expect_parts(named("name=\"f\"; filename=\"\"", "") + kEnd, {{"f", "", "", ""}});
}

TEST(Multipart, KeepsAllHeaderFields) {
  MultipartParser parser("XX");
  std::string_view input = "--XX\r\nX-One: 1\r\nContent-Disposition: form-data; name=a\r\n\r\n";
  std::string_view content;
  ASSERT_EQ(parser.parse(input, false, content), FormEvent::part);
  EXPECT_EQ(parser.head().fields.get("x-one"), "1");
  EXPECT_EQ(parser.head().fields.size(), 2u);
}

// HTML, "multipart form data": `"`, CR and LF are percent-encoded, nothing else is.
TEST(Multipart, NamesAreDecodedAsBrowsersEncodeThem) {
  expect_parts(named("name=\"a%22b%0D%0ac%20\"; filename=\"100%.txt\"") + kEnd,
               {{"a\"b\r\nc%20", "100%.txt", "", "x"}});
}

TEST(Multipart, BackslashesEscapeQuotesAndThemselvesOnly) {
  expect_parts(named(R"(name="a\"b"; filename="C:\x\\y.txt")") + kEnd,
               {{"a\"b", "C:\\x\\y.txt", "", "x"}});
}

TEST(Multipart, NamesAreMadeValidUtf8) {
  expect_parts(named("name=\"\xE2\x82\xAC\"; filename=\"\xE2\x82\"") + kEnd,
               {{"\xE2\x82\xAC", "\xEF\xBF\xBD", "", "x"}});
}

// RFC 7578 section 4.2: "filename*" is not to be used.
TEST(Multipart, TheExtendedFileNameIsNotRead) {
  expect_parts(named("name=a; filename*=UTF-8''b.txt") + kEnd, {{"a", {}, "", "x"}});
}

TEST(Multipart, PartsWithoutANameAreRefused) {
  expect_refused(named("filename=\"b\"") + kEnd, 400, "a part of the form has no name");
  expect_refused(part("X: y", "x") + kEnd, 400, "a part of the form has no name");
  expect_refused("--XX\r\n\r\nx\r\n" + kEnd, 400, "a part of the form has no name");
}

TEST(Multipart, OtherDispositionsAndDoubleAnswersAreRefused) {
  for (const char* header :
       {"Content-Disposition: attachment; name=a", "Content-Disposition: form-data; name=a; name=b",
        "Content-Disposition: form-data; name=a; filename=b; filename=c",
        "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
        "Content-Disposition: form-data; name=a\r\nContent-Type: a/b\r\nContent-Type: c/d",
        "Content-Disposition: form-data; name=\"a", "Content-Disposition: form-data; name",
        "Content-Disposition: form-data; name=\"a\"b",
        "Content-Disposition: form-data; name= ", "Content-Disposition: form-data name=a",
        "Content-Disposition: form-data; na me=a", "Content-Disposition: form-data; name=\"a\x01\"",
        "X", ": y", "X : y", "X: y\r\n z", "X: \x7f"}) {
    expect_refused(part(header, "x") + kEnd, 400, kMalformed);
  }
  expect_refused(part(std::string("X: \0", 4), "x") + kEnd, 400, kMalformed);
}

// ---- RFC 2046 section 5.1.1

TEST(Multipart, BoundariesAreFoundAtTheBeginningOfLinesOnly) {
  const std::string content = "x--XX a--XX\n--XX\r--XX\r\n-XX\r\n--X\r\n--xx\r\r\n--X\n\r\n--";
  expect_parts(named("name=a", content) + named("name=b", "") + kEnd,
               {{"a", {}, "", content}, {"b", {}, "", ""}});
}

TEST(Multipart, AFormMayHaveNoParts) {
  expect_parts("--XX--", {});
  expect_parts(kEnd, {});
}

TEST(Multipart, WhatSurroundsThePartsIsPassedOver) {
  expect_parts("preamble\r\n--X\r\n" + named("name=a") + kEnd + "epilogue\r\n" + named("name=b"),
               {{"a", {}, "", "x"}});
  expect_parts("\r\n" + named("name=a") + "--XX--", {{"a", {}, "", "x"}});
}

// Wherever it is cut: `read` does so everywhere.
TEST(Multipart, WhatStandsBeforeThePartsMayHaveAsMuchAsAHeader) {
  const FormLimits limits{.max_header_bytes = 64};
  for (const std::string end : {"", "\r", "\r\n--X", "-\r\n-"}) {
    const std::string most = std::string(64 - end.size(), 'p') + end;
    EXPECT_EQ(read(most + "\r\n" + named("name=a") + kEnd, limits),
              (ReadForm{{{"a", {}, "", "x"}}, 0, ""}));
    expect_refused("p" + most + "\r\n" + named("name=a") + kEnd, 413,
                   "too much stands before the first boundary of the form", limits);
  }
}

TEST(Multipart, WhiteSpaceMayFollowABoundary) {
  expect_parts("--XX \t\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--XX-- ",
               {{"a", {}, "", "x"}});
}

// body-part := MIME-part-headers [CRLF *OCTET]
TEST(Multipart, APartMayEndWithItsHeader) {
  expect_parts("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n--XX--", {{"a", {}, "", ""}});
  expect_parts(named("name=a", "--X") + kEnd, {{"a", {}, "", "--X"}});
  expect_parts(named("name=a", "-\r\n-") + kEnd, {{"a", {}, "", "-\r\n-"}});
}

TEST(Multipart, ALongerBoundaryIsRefused) {
  for (const char* end : {"--XXY\r\n", "--XX-\r\n", "--XX -\r\n", "--XX\xff"}) {
    expect_refused(named("name=a") + end + "\r\n" + kEnd, 400,
                   "a boundary of the form goes on where it must end");
  }
  expect_refused(named("name=a") + "--XX\rX", 400, "a line of the form has CR without LF");
  expect_refused(named("name=a") + "--XX\n", 400,
                 "a boundary of the form goes on where it must end");
}

TEST(Multipart, LinesOfAHeaderEndWithCrlf) {
  expect_refused("--XX\r\nContent-Disposition: form-data; name=a\n\nx\r\n" + kEnd, 400,
                 "a line of the form has LF without CR");
  expect_refused("--XX\r\nX: a\rb\r\n\r\nx\r\n" + kEnd, 400, kMalformed);
}

TEST(Multipart, WithoutItsLastBoundaryAFormIsCut) {
  const std::string text = named("name=a", "content") + "--XX--";
  for (size_t size = 0; size < text.size(); ++size) {
    const ReadForm form = read(text.substr(0, size));
    EXPECT_EQ(form.refused, 400) << size;
    EXPECT_EQ(form.reason, "the form ends before its last boundary") << size;
  }
}

TEST(Multipart, BoundariesAreTakenFromTheType) {
  const auto boundary = MultipartParser::boundary_of;
  EXPECT_EQ(boundary("multipart/form-data; boundary=XX"), "XX");
  EXPECT_EQ(boundary("multipart/form-data;charset=utf-8; Boundary=\"a b=?\""), "a b=?");
  EXPECT_EQ(boundary("multipart/form-data; boundary=" + std::string(70, 'x')),
            std::string(70, 'x'));
  for (const std::string& wrong :
       {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"\""),
        std::string("multipart/form-data; boundary=\"a \""),
        std::string("multipart/form-data; boundary=\"a\xff\""),
        std::string("multipart/form-data; boundary=a; boundary=b"),
        std::string("multipart/form-data; boundary=\"a"),
        "multipart/form-data; boundary=" + std::string(71, 'x')}) {
    EXPECT_EQ(boundary(wrong), std::nullopt) << wrong;
  }
}

// ---- Limits

TEST(Multipart, HasLimits) {
  const FormLimits limits{.max_parts = 2, .max_name_bytes = 5, .max_header_bytes = 70};
  const std::string two = named("name=a") + named("name=abcde; filename=abcde");
  EXPECT_EQ(read(two + kEnd, limits).refused, 0);
  expect_refused(two + named("name=c") + kEnd, 413, "the form has too many parts", limits);
  expect_refused(named("name=abcdef") + kEnd, 413, "a name in the form is too long", limits);
  expect_refused(named("name=a; filename=abcdef") + kEnd, 413, "a name in the form is too long",
                 limits);
  const std::string padding(60 - 43, 'x');
  EXPECT_EQ(read(part("X: " + padding + "\r\nContent-Disposition: form-data; name=a", "x") + kEnd,
                 {.max_header_bytes = 43 + 7 + 17})
                .refused,
            0);
  expect_refused(part("X: " + std::string(80, 'x'), "x") + kEnd, 413,
                 "the header fields of a part of the form are too large", limits);
  expect_refused("--XX\r\n" + std::string(100, 'x'), 413,
                 "the header fields of a part of the form are too large", limits);
  expect_refused(std::string(71, 'x') + "\r\n" + kEnd, 413,
                 "too much stands before the first boundary of the form", limits);
  expect_refused("--XX" + std::string(71, ' ') + "\r\n", 413,
                 "a boundary of the form has too much white space", limits);
}

TEST(Multipart, RandomContentComesBackWhole) {
  std::mt19937 random(7);
  // Of these bytes everything that looks like a boundary is made.
  constexpr std::string_view kBytes = "\r\n-X";
  for (int round = 0; round < 300; ++round) {
    Parts parts;
    std::string text;
    for (unsigned count = random() % 4; count > 0; --count) {
      std::string content(random() % 60, '\0');
      for (char& c : content) c = kBytes[random() % kBytes.size()];
      if (("\r\n" + content + "\r\n").find("\r\n--XX") != std::string::npos) continue;
      text += named("name=n", content);
      parts.push_back({"n", {}, "", content});
    }
    expect_parts(text + kEnd, parts);
  }
}

}  // namespace
}  // namespace bao::http
