#include <dirent.h>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <bao/bao.h>

#include "api/served.h"
#include "net/temporary_file.h"

// Forms as handlers read them; how they are parsed is in http/multipart_test.cc.
namespace bao {
namespace {

using testing::RawClient;
using testing::RawReply;
using testing::Served;

std::string post(const std::string& type, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
const std::string kMultipart = "multipart/form-data; boundary=XX";
const std::string kUrlEncoded = "application/x-www-form-urlencoded";

std::string part(const std::string& parameters, const std::string& content) {
  return "--XX\r\nContent-Disposition: form-data; " + parameters + "\r\n\r\n" + content + "\r\n";
}

std::string shown(const Form& form) {
  std::string text;
  for (const FormEntry& entry : form.entries()) {
    text += entry.name() + "|" + entry.filename().value_or("-") + "|" + entry.type() + "|" +
            std::to_string(entry.size()) + "|" + (entry.in_memory() ? "memory" : "file") + "\n";
  }
  return text;
}

/// A handler that shows the form, read with those limits.
Handler shows(FormLimits limits = {}) {
  return [limits](Request& req) -> Task<Response> {
    Form form = co_await req.form(limits);
    co_return shown(form);
  };
}

RawReply reply_to(const std::string& request, Handler handler = shows()) {
  Served served({.fetch = std::move(handler)});
  return served.exchange(request);
}

TEST(Form, HasTextsAndFiles) {
  const Handler handler = [](Request& req) -> Task<Response> {
    Form form = co_await req.form();
    EXPECT_EQ(form.get("a"), "1");
    EXPECT_EQ(form.get("f"), std::nullopt);
    EXPECT_EQ(form.get_all("a"), (std::vector<std::string>{"1", "\xEF\xBF\xBD"}));
    EXPECT_EQ(form.file("a"), nullptr);
    const FormEntry* file = form.file("f");
    EXPECT_NE(file, nullptr);
    EXPECT_EQ(file->filename(), "x.txt");
    EXPECT_EQ(file->type(), "text/plain");
    EXPECT_EQ(file->content(), "con\r\ntent");
    EXPECT_EQ(file->fields().size(), 2u);
    co_return shown(form);
  };
  const std::string body =
      part("name=a", "1") +
      part("name=f; filename=x.txt\r\nContent-Type: text/plain", "con\r\ntent") +
      part("name=a", "\xff") + "--XX--\r\n";
  EXPECT_EQ(reply_to(post(kMultipart, body), handler).body,
            "a|-||1|memory\nf|x.txt|text/plain|9|memory\na|-||1|memory\n");
}

TEST(Form, MayBeUrlEncoded) {
  EXPECT_EQ(reply_to(post(kUrlEncoded + ";charset=UTF-8", "a=1&b=%32+3&c")).body,
            "a|-||1|memory\nb|-||3|memory\nc|-||0|memory\n");
  EXPECT_EQ(reply_to(post(kUrlEncoded, "")).body, "");
}

TEST(Form, ArrivesInPieces) {
  Served served({.fetch = shows()});
  RawClient client = served.connect();
  const std::string request = post(kMultipart, part("name=a", "12345") + "--XX--\r\n");
  for (const char byte : request) {
    client.send({&byte, 1});
    Served::turn();
  }
  EXPECT_EQ(client.read_reply().body, "a|-||5|memory\n");
}

// ---- Refusals

TEST(Form, OfAnotherTypeIs415) {
  for (const char* type : {"text/plain", "multipart/mixed; boundary=XX", ""}) {
    EXPECT_EQ(reply_to(post(type, "x")).status, 415) << type;
  }
  const RawReply reply = reply_to(post("text/plain", "x"));
  EXPECT_EQ(reply.body,
            "A form has the type multipart/form-data or application/x-www-form-urlencoded, and "
            "this body has \"text/plain\"\n");
  const RawReply none = reply_to("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(none.body,
            "A form has the type multipart/form-data or application/x-www-form-urlencoded, and "
            "this body has none\n");
}

TEST(Form, ThatIsMalformedIs400) {
  EXPECT_EQ(reply_to(post("multipart/form-data", "x")).body,
            "The Content-Type of the form has no boundary that is one\n");
  const RawReply reply = reply_to(post(kMultipart, part("name=a", "x")));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "the form ends before its last boundary\n");
}

TEST(Form, BeyondALimitIs413) {
  const std::string body = part("name=abc", "x") + part("name=b", "x") + "--XX--\r\n";
  EXPECT_EQ(reply_to(post(kMultipart, body), shows(FormLimits().max_parts(2))).status, 200);
  EXPECT_EQ(reply_to(post(kMultipart, body), shows(FormLimits().max_parts(1))).status, 413);
  EXPECT_EQ(reply_to(post(kMultipart, body), shows(FormLimits().max_name_size(2))).status, 413);
  EXPECT_EQ(reply_to(post(kMultipart, body), shows(FormLimits().max_header_size(20))).status, 413);
  EXPECT_EQ(reply_to(post(kUrlEncoded, "a&b"), shows(FormLimits().max_parts(1))).status, 413);
}

TEST(Form, ThatIsRefusedGoesToTheErrorHandler) {
  Served served({.fetch = shows(), .error = [](const std::exception& error) {
                   const auto* refusal = dynamic_cast<const FormError*>(&error);
                   return Response("mine").status(refusal == nullptr ? 500 : 422);
                 }});
  EXPECT_EQ(served.exchange(post("text/plain", "x")).status, 422);
}

TEST(Form, ThatIsRefusedIsNotLogged) {
  Served served({.fetch = shows(), .development = true});
  EXPECT_EQ(served.exchange(post("text/plain", "x")).status, 415);
  EXPECT_EQ(served.log, "");
}

TEST(Form, LargerThanTheBodyMayBeIs413) {
  Served served({.fetch = shows(), .max_request_body_size = 20});
  EXPECT_EQ(served.exchange(post(kMultipart, part("name=a", "x") + "--XX--\r\n")).status, 413);
}

TEST(Form, IsABodyThatIsTakenOnce) {
  const Handler handler = [](Request& req) -> Task<Response> {
    std::string text = co_await req.text();
    Form form = co_await req.form();
    co_return shown(form);
  };
  EXPECT_EQ(reply_to(post(kUrlEncoded, "a=1"), handler).status, 500);
}

// ---- Parts that do not stay in memory

size_t files_in(const std::string& folder) {
  size_t count = 0;
  DIR* dir = ::opendir(folder.c_str());
  while (const dirent* entry = ::readdir(dir)) count += entry->d_name[0] != '.';
  ::closedir(dir);
  return count;
}

TEST(Form, PutsWhatIsTooMuchIntoAFileWithoutAName) {
  const testing::TemporaryFile saved("", "saved");
  std::string large(300'000, 'x');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 + i / 251);
  const Handler handler = [&](Request& req) -> Task<Response> {
    FormLimits limits;
    limits.max_in_memory(1000).temporary_folder(saved.folder());
    Form form = co_await req.form(limits);
    EXPECT_EQ(files_in(saved.folder()), 1u) << "the one that is there anyway";
    const FormEntry& first = form.entries()[1];
    const FormEntry& second = form.entries()[3];
    EXPECT_EQ(first.content(), large);
    EXPECT_EQ(second.content(), large + "2");
    char room[4] = {};
    EXPECT_EQ(second.read(large.size() - 1, room), 2u);
    EXPECT_EQ(room[1], '2');
    EXPECT_EQ(second.read(second.size(), room), 0u);
    EXPECT_EQ(form.entries()[0].read(1, room), 1u);
    FormEntry kept = second;
    form = Form();
    kept.save(saved.path());
    EXPECT_EQ(kept.content().size(), large.size() + 1);
    co_return "x";
  };
  const std::string body = part("name=a", "12") + part("name=f; filename=f", large) +
                           part("name=b", std::string(900, 'b')) +
                           part("name=g; filename=g", large + "2") +
                           part("name=c", std::string(200, 'c')) + "--XX--\r\n";
  EXPECT_EQ(reply_to(post(kMultipart, body), handler).status, 200);
  EXPECT_EQ(saved.read(), large + "2");
  const RawReply shown_reply =
      reply_to(post(kMultipart, body), shows(FormLimits().max_in_memory(1000)));
  EXPECT_EQ(shown_reply.body,
            "a|-||2|memory\nf|f||300000|file\nb|-||900|memory\ng|g||300001|file\nc|-||200|file\n");
}

TEST(Form, WithoutAFolderForItsFileIsTheProgramsMistake) {
  Served served({.fetch = shows(FormLimits().max_in_memory(0).temporary_folder("/nowhere"))});
  EXPECT_EQ(served.exchange(post(kUrlEncoded, "a=1")).status, 500);
  EXPECT_NE(served.log.find("A temporary file cannot be made in \"/nowhere\""), std::string::npos);
}

TEST(Form, SavesWhatIsInMemory) {
  const testing::TemporaryFile saved("longer than it", "saved");
  const Handler handler = [&](Request& req) -> Task<Response> {
    Form form = co_await req.form();
    form.entries()[0].save(saved.path());
    EXPECT_THROW(form.entries()[0].save("/nowhere/x"), std::system_error);
    co_return "x";
  };
  EXPECT_EQ(reply_to(post(kUrlEncoded, "a=short"), handler).status, 200);
  EXPECT_EQ(saved.read(), "short");
}

// ---- Part by part

TEST(FormReader, GivesPartsAndTheirPieces) {
  const Handler handler = [](Request& req) -> Task<Response> {
    FormReader form = req.form_parts();
    std::string text;
    while (std::optional<FormPart> one = co_await form.next_part()) {
      text += one->name() + "=";
      while (std::optional<std::string> piece = co_await form.next_piece()) text += *piece;
      text += ";";
    }
    std::optional<FormPart> more = co_await form.next_part();
    EXPECT_FALSE(more.has_value());
    std::optional<std::string> nothing = co_await form.next_piece();
    EXPECT_FALSE(nothing.has_value());
    co_return text;
  };
  EXPECT_EQ(
      reply_to(post(kMultipart, part("name=a", "1\r\n2") + part("name=b", "") + "--XX--"), handler)
          .body,
      "a=1\r\n2;b=;");
  EXPECT_EQ(reply_to(post(kUrlEncoded, "a=1&b"), handler).body, "a=1;b=;");
}

TEST(FormReader, PassesOverWhatIsNotRead) {
  const Handler handler = [](Request& req) -> Task<Response> {
    FormReader form = req.form_parts();
    std::string text;
    while (std::optional<FormPart> one = co_await form.next_part()) text += one->name();
    co_return text;
  };
  const std::string body =
      part("name=a", std::string(100'000, 'x')) + part("name=b", "") + "--XX--";
  EXPECT_EQ(reply_to(post(kMultipart, body), handler).body, "ab");
}

TEST(FormReader, MayReadOnBehindTheHandler) {
  Served served({.fetch = [](Request& req) {
    return Response::stream([form = req.form_parts()](Writer& out) mutable -> Task<> {
      while (std::optional<FormPart> one = co_await form.next_part()) {
        co_await out.write(one->name());
      }
    });
  }});
  RawClient client = served.connect();
  client.send(post(kUrlEncoded, "abc=1"));
  EXPECT_TRUE(client.wait_for("3\r\nabc\r\n0\r\n\r\n"));
}

TEST(FormReader, SaysAtOnceThatItIsNoForm) {
  const Handler handler = [](Request& req) -> Response {
    EXPECT_THROW(req.form_parts(), FormError);
    return "x";
  };
  EXPECT_EQ(reply_to(post("text/plain", "x"), handler).status, 200);
}

TEST(FormReader, ThrowsBodyErrorIfTheRestDoesNotCome) {
  std::optional<BodyError::Reason> reason;
  Served served({.fetch = [&](Request& req) -> Task<Response> {
    FormReader form = req.form_parts();
    try {
      while (std::optional<FormPart> one = co_await form.next_part()) {
      }
    } catch (const BodyError& error) {
      reason = error.reason();
    }
    co_return "x";
  }});
  RawClient client = served.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: " + kMultipart +
              "\r\nContent-Length: 100\r\n\r\n--XX");
  Served::turn();
  client.reset();
  ASSERT_TRUE(testing::turn_until([&] { return reason.has_value(); }));
  EXPECT_EQ(reason, BodyError::Reason::client_gone);
}

}  // namespace
}  // namespace bao
