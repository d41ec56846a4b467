#include "server/error_page.h"

#include <cstddef>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "http/displayed_text.h"
#include "trace/throw_hook.h"

namespace bao::server {
namespace {

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

/// The page without the copy as text, the script and the style sheet.
std::string visible_part(const std::string& page) {
  const std::size_t begin = page.find("<body>");
  return page.substr(begin, page.find("<textarea") - begin);
}

ErrorPageFrame user_frame(std::string function, std::string file, int line) {
  return {.function = std::move(function),
          .file = std::move(file),
          .line = line,
          .source = trace::SourceExcerpt{line - 1, {"before", "here", "after"}, line}};
}

ErrorPageFrame library_frame(std::string function) {
  return {
      .function = std::move(function), .file = "/usr/include/x.h", .line = 1, .user_code = false};
}

ErrorPageContent sample() {
  return {
      .type = "std::out_of_range",
      .message = "no such order",
      .frames = {library_frame("check"), library_frame("at"),
                 user_frame("app::find(int)", "/app/orders.cc", 12),
                 user_frame("main", "/app/main.cc", 40), library_frame("_start")},
      .causes = {{"CauseType", "cause message", {user_frame("app::load()", "/app/load.cc", 7)}}},
      .request_line = "GET /orders/7 HTTP/1.1",
      .request_fields = {{"Host", "localhost"}, {"Cookie", "session=abc"}}};
}

TEST(ErrorPage, ShowsTypeMessageAndRequest) {
  const std::string page = visible_part(render_error_page(sample()));
  EXPECT_TRUE(contains(page, "<p class=\"type\">std::out_of_range</p>"));
  EXPECT_TRUE(contains(page, "<h1>no such order</h1>"));
  EXPECT_TRUE(contains(page, "<code>GET /orders/7 HTTP/1.1</code>"));
  EXPECT_TRUE(contains(page, "<dt>Host</dt><dd>localhost</dd>"));
}

TEST(ErrorPage, FirstUserFrameShowsItsSource) {
  const std::string page = visible_part(render_error_page(sample()));
  const std::size_t first = page.find("app::find(int)");
  const std::size_t second = page.find("main</span>");
  ASSERT_NE(first, page.npos);
  ASSERT_NE(second, page.npos);
  EXPECT_TRUE(page.substr(0, first).ends_with(
      "<details open><summary class=\"head\"><span class=\"function\">"));
  EXPECT_TRUE(page.substr(0, second).ends_with(
      "<details><summary class=\"head\"><span class=\"function\">"));
  EXPECT_TRUE(contains(page.substr(first, second - first),
                       "<span class=\"row\"><i>11</i>before</span>"
                       "<span class=\"row hot\" aria-current=\"true\"><i>12</i>here</span>"
                       "<span class=\"row\"><i>13</i>after</span>"));
  EXPECT_TRUE(contains(page, "/app/<b>orders.cc:12</b>"));
}

TEST(ErrorPage, RunsOfLibraryFramesAreFolded) {
  const std::string page = visible_part(render_error_page(sample()));
  EXPECT_TRUE(contains(page, "<li class=\"folded\"><details><summary>2 library frames</summary>"));
  EXPECT_TRUE(contains(page, "<li class=\"folded\"><details><summary>1 library frame</summary>"));
  EXPECT_LT(page.find("2 library frames"), page.find("app::find(int)"));
  EXPECT_GT(page.find("1 library frame<"), page.find(">main<"));
}

TEST(ErrorPage, LibraryFramesAreOpenIfThereIsNothingElse) {
  const std::string page =
      render_error_page({.type = "T", .message = "m", .frames = {library_frame("f")}});
  EXPECT_TRUE(contains(page, "<li class=\"folded\"><details open>"));
}

TEST(ErrorPage, ShowsCausesWithTheirOwnSource) {
  const std::string page = visible_part(render_error_page(sample()));
  const std::size_t causes = page.find("Caused by");
  ASSERT_NE(causes, page.npos);
  const std::string part = page.substr(causes);
  EXPECT_TRUE(contains(part, "CauseType"));
  EXPECT_TRUE(contains(part, "cause message"));
  EXPECT_TRUE(contains(part, "<i>7</i>here"));
}

TEST(ErrorPage, ShowsColumnsOfLanguagesThatHaveThem) {
  const std::string page =
      render_error_page({.type = "T",
                         .message = "m",
                         .frames = {{.function = "f", .file = "a.ts", .line = 3, .column = 9}}});
  EXPECT_TRUE(contains(page, "<b>a.ts:3:9</b>"));
}

TEST(ErrorPage, SaysWhyThereIsNoStack) {
  EXPECT_TRUE(contains(render_error_page({.type = "T", .message = "m"}), "None was recorded"));
  EXPECT_FALSE(contains(render_error_page(sample()), "None was recorded"));
}

TEST(ErrorPage, SaysHowToGetFilesAndLines) {
  const std::string page =
      render_error_page({.type = "T", .message = "m", .frames = {{.function = "f"}}});
  EXPECT_TRUE(contains(page, "<code>-g</code>"));
  EXPECT_FALSE(contains(render_error_page(sample()), "<code>-g</code>"));
}

TEST(ErrorPage, MessageThatRepeatsTheTypeIsShownOnce) {
  const std::string page =
      render_error_page({.type = "std::bad_alloc", .message = "std::bad_alloc"});
  EXPECT_TRUE(contains(page, "<title>std::bad_alloc</title>"));
  EXPECT_EQ(count(visible_part(page), "std::bad_alloc"), 1u);
}

TEST(ErrorPage, CredentialsAreNowhereInThePage) {
  ErrorPageContent content = sample();
  content.request_fields = {{"AUTHORIZATION", "Bearer geheim"},
                            {"cookie", "geheim=1"},
                            {"Proxy-Authorization", "Basic geheim"},
                            {"Accept", "text/html"}};
  const std::string page = render_error_page(content);
  EXPECT_FALSE(contains(page, "geheim"));
  EXPECT_TRUE(contains(page, "<dt>cookie</dt><dd class=\"masked\">(hidden, 8 bytes)</dd>"));
  EXPECT_TRUE(contains(page, "text/html"));
  EXPECT_FALSE(contains(render_error_text(content), "geheim"));
}

TEST(ErrorPage, UsesNoOutsideAssets) {
  for (const std::string& page :
       {render_error_page(sample()), render_no_response_page("GET / HTTP/1.1")}) {
    EXPECT_FALSE(contains(page, "http://"));
    EXPECT_FALSE(contains(page, "https://"));
    EXPECT_FALSE(contains(page,
                          "//"
                          "cdn"));
    EXPECT_FALSE(contains(page, "@import"));
    EXPECT_FALSE(contains(page, " src="));
    EXPECT_FALSE(contains(page, "url("));
    EXPECT_TRUE(contains(page, "prefers-color-scheme: dark"));
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
    EXPECT_TRUE(page.ends_with("</html>\n"));
  }
}

constexpr std::string_view kHostile =
    "</textarea></title></style></script><script>evil()</script><img src=x onerror='evil()'>"
    "\" onmouseover=\"evil()\" ' onfocus='evil()' --><!-- ]]> &lt;evil&gt; \xFF\x1b[31m";

/// Everything that comes from outside is hostile.
ErrorPageContent hostile() {
  const std::string text(kHostile);
  const trace::SourceExcerpt source{1, {text, text}, 1};
  const ErrorPageFrame own{.function = text, .file = text, .line = 1, .source = source};
  const ErrorPageFrame plain{.function = text, .file = text, .line = 1};
  const ErrorPageFrame foreign{.function = text, .file = text, .line = 1, .user_code = false};
  return {.type = text,
          .message = text + "!",
          .frames = {own, plain, foreign},
          .causes = {{text, text + "!", {own, plain, foreign}}},
          .request_line = text,
          .request_fields = {{text, text}, {"Cookie", text}}};
}

ErrorPageContent harmless_twin() {
  ErrorPageContent content = hostile();
  const auto tame = [](std::string& text) { text = "x"; };
  const auto tame_frames = [&](std::vector<ErrorPageFrame>& frames) {
    for (auto& frame : frames) {
      tame(frame.function);
      tame(frame.file);
      if (frame.source) frame.source->lines = {"x", "x"};
    }
  };
  tame(content.type);
  content.message = std::string(300, 'x');  // as long a headline as the hostile one
  tame(content.request_line);
  tame_frames(content.frames);
  for (auto& cause : content.causes) {
    tame(cause.type);
    cause.message = "y";
    tame_frames(cause.frames);
  }
  content.request_fields = {{"x", "x"}, {"Cookie", "x"}};
  return content;
}

TEST(ErrorPage, HostileTextAddsNoMarkup) {
  const std::string page = render_error_page(hostile());
  const std::string twin = render_error_page(harmless_twin());
  for (std::string_view mark : {"<", ">", "\"", "'", "<script", "</script", "</textarea", "<!--"}) {
    EXPECT_EQ(count(page, mark), count(twin, mark)) << mark;
  }
  EXPECT_FALSE(contains(page, "<img"));
  EXPECT_FALSE(contains(page, "\xFF"));
  EXPECT_FALSE(contains(page, "\x1b"));
  EXPECT_TRUE(contains(page, "&lt;script&gt;evil()&lt;/script&gt;"));
  EXPECT_TRUE(contains(page, "&amp;lt;evil&amp;gt;"));
}

TEST(NoResponsePage, NamesTheRequest) {
  const std::string page = render_no_response_page("POST /orders HTTP/1.1");
  EXPECT_TRUE(contains(page, "The handler returned no response"));
  EXPECT_TRUE(contains(page, "<code>POST /orders HTTP/1.1</code>"));
}

TEST(NoResponsePage, HostileTextAddsNoMarkup) {
  const std::string page = render_no_response_page(kHostile);
  EXPECT_EQ(count(page, "<"), count(render_no_response_page("x"), "<"));
  EXPECT_EQ(count(page, "\""), count(render_no_response_page("x"), "\""));
}

TEST(ErrorText, HasTypeMessageStackCausesAndRequest) {
  EXPECT_EQ(render_error_text(sample()),
            "std::out_of_range: no such order\n"
            "    check (/usr/include/x.h:1)\n"
            "    at (/usr/include/x.h:1)\n"
            "  > app::find(int) (/app/orders.cc:12)\n"
            "      11 | before\n"
            "    > 12 | here\n"
            "      13 | after\n"
            "  > main (/app/main.cc:40)\n"
            "    _start (/usr/include/x.h:1)\n"
            "Caused by: CauseType: cause message\n"
            "  > app::load() (/app/load.cc:7)\n"
            "      6 | before\n"
            "    > 7 | here\n"
            "      8 | after\n"
            "Request: GET /orders/7 HTTP/1.1\n"
            "    Host: localhost\n"
            "    Cookie: (hidden, 11 bytes)\n");
}

TEST(ErrorText, LineNumbersStandInAColumn) {
  ErrorPageContent content{.type = "T", .message = "m", .frames = {user_frame("f", "a.cc", 9)}};
  content.frames[0].source = trace::SourceExcerpt{9, {"\tnine", "ten"}, 9};
  EXPECT_TRUE(contains(render_error_text(content), "    >  9 |     nine\n      10 | ten\n"));
  content.frames[0].source = trace::SourceExcerpt{98, {"98", "99"}, 99};
  EXPECT_TRUE(contains(render_error_text(content), "      98 | 98\n    > 99 | 99\n"));
}

TEST(ErrorText, LinesOfAMessageCannotPassForOthers) {
  const std::string text = render_error_text(
      {.type = "T", .message = "one\nCaused by: forged\n", .request_line = "a\nb"});
  EXPECT_EQ(text,
            "T: one\n"
            "    Caused by: forged\n"
            "    \n"
            "Request: a\\nb\n");
}

TEST(ErrorText, HostileTextReachesNoTerminal) {
  const std::string text = render_error_text(hostile());
  for (char c : text) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7F)) << static_cast<int>(c);
}

TEST(ErrorText, MessageThatRepeatsTheTypeIsShownOnce) {
  EXPECT_EQ(render_error_text({.type = "int", .message = "int"}), "int\n");
}

[[gnu::noinline]] void find_order(int id) {
  if (id > 3) throw std::out_of_range("no order " + std::to_string(id));
}

[[gnu::noinline]] void handle(int id) {
  try {
    find_order(id);
  } catch (const std::exception&) {
    std::throw_with_nested(std::runtime_error("cannot answer"));
  }
}

const ErrorPageFrame* first_user_frame(const std::vector<ErrorPageFrame>& frames) {
  for (const auto& frame : frames) {
    if (frame.user_code) return &frame;
  }
  return nullptr;
}

TEST(DescribeException, FindsWhereErrorAndCauseWereThrown) {
  trace::CaptureThrows capture;
  ErrorPageContent content;
  try {
    handle(7);
  } catch (...) {
    content = describe_exception(std::current_exception());
  }
  EXPECT_EQ(content.type, "std::runtime_error");
  EXPECT_EQ(content.message, "cannot answer");
  const ErrorPageFrame* frame = first_user_frame(content.frames);
  ASSERT_NE(frame, nullptr);
  EXPECT_TRUE(contains(frame->function, "handle(int)")) << frame->function;
  ASSERT_EQ(content.causes.size(), 1u);
  EXPECT_EQ(content.causes[0].type, "std::out_of_range");
  EXPECT_EQ(content.causes[0].message, "no order 7");
  frame = first_user_frame(content.causes[0].frames);
  ASSERT_NE(frame, nullptr);
  EXPECT_TRUE(contains(frame->function, "find_order(int)")) << frame->function;
  EXPECT_TRUE(frame->file.ends_with("tests/server/error_page_test.cc")) << frame->file;
  ASSERT_TRUE(frame->source);
  const auto row = static_cast<std::size_t>(frame->source->highlighted - frame->source->first_line);
  EXPECT_TRUE(contains(frame->source->lines.at(row), "throw std::out_of_range"));
}

TEST(DescribeException, WithoutCaptureThereIsNoStack) {
  const auto content = describe_exception(std::make_exception_ptr(std::runtime_error("m")));
  EXPECT_EQ(content.message, "m");
  EXPECT_TRUE(content.frames.empty());
}

}  // namespace
}  // namespace bao::server
