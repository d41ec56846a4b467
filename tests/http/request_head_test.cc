#include "http/request_head.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace bao::http {
namespace {

constexpr std::string_view kBytes = "GET /p?q HTTP/1.1\r\nHost: h\r\nX: 1\r\nx: 2\r\n\r\n";

Span span(std::string_view part) {
  return {static_cast<uint32_t>(kBytes.find(part)), static_cast<uint32_t>(part.size())};
}

void fill(RequestHead& head, std::string_view bytes = kBytes) {
  head.borrow(bytes);
  head.method_span = span("GET");
  head.target_span = span("/p?q");
  head.path_span = span("/p");
  head.query_span = {head.target_span.offset + 3, 1};
  head.authority_span = {span("Host: h").offset + 6, 1};
  head.fields.push_back({span("Host"), {span("Host: h").offset + 6, 1}, FieldId::host});
  head.fields.push_back({span("X"), {span("X: 1").offset + 3, 1}, FieldId::other});
  head.fields.push_back({span("x"), {span("x: 2").offset + 3, 1}, FieldId::other});
}

void expect_filled(const RequestHead& head) {
  EXPECT_EQ(head.method(), "GET");
  EXPECT_EQ(head.target(), "/p?q");
  EXPECT_EQ(head.path(), "/p");
  EXPECT_EQ(head.query(), "q");
  EXPECT_EQ(head.authority(), "h");
  EXPECT_EQ(head.bytes(), kBytes);
  ASSERT_EQ(head.field_count(), 3u);
  EXPECT_EQ(head.field_name(1), "X");
  EXPECT_EQ(head.field_value(2), "2");
}

// RFC 9110 section 9.1: methods are case-sensitive
TEST(RequestHeadTest, MethodsAreRecognisedExactly) {
  const std::pair<std::string_view, Method> methods[] = {
      {"GET", Method::get},         {"HEAD", Method::head},      {"POST", Method::post},
      {"PUT", Method::put},         {"DELETE", Method::delete_}, {"CONNECT", Method::connect},
      {"OPTIONS", Method::options}, {"TRACE", Method::trace},    {"PATCH", Method::patch}};
  for (const auto& [token, method] : methods) {
    EXPECT_EQ(method_from(token), method);
    EXPECT_EQ(method_from(std::string(token) + "S"), Method::other);
    EXPECT_EQ(method_from(token.substr(1)), Method::other);
    std::string lower(token);
    for (char& c : lower) c = static_cast<char>(c + 32);
    EXPECT_EQ(method_from(lower), Method::other);
  }
  EXPECT_EQ(method_from(""), Method::other);
  EXPECT_EQ(method_from("BREW"), Method::other);
}

TEST(RequestHeadTest, ReadsWhereItWasBorrowed) {
  RequestHead head;
  fill(head);
  expect_filled(head);
  EXPECT_FALSE(head.owned());
}

TEST(RequestHeadTest, FieldFindsTheFirstWithoutRegardToCase) {
  RequestHead head;
  fill(head);
  EXPECT_EQ(head.field("x"), "1");
  EXPECT_EQ(head.field("HOST"), "h");
  EXPECT_EQ(head.field("Hos"), std::nullopt);
  EXPECT_EQ(head.field(""), std::nullopt);
}

TEST(RequestHeadTest, OwnOutlivesTheBytes) {
  RequestHead head;
  std::string bytes(kBytes);
  fill(head, bytes);
  head.own();
  EXPECT_TRUE(head.owned());
  bytes.assign(bytes.size(), '?');
  expect_filled(head);
  const char* where = head.bytes().data();
  head.own();
  EXPECT_EQ(head.bytes().data(), where) << "a second call copies nothing";
}

// A codec that gathers a head piece by piece does so in the head's own storage.
TEST(RequestHeadTest, StorageThatIsBorrowedIsOwned) {
  RequestHead head;
  head.storage() = kBytes;
  fill(head, head.storage());
  EXPECT_TRUE(head.owned());
  expect_filled(head);
}

TEST(RequestHeadTest, AMissingPathIsTheRoot) {
  RequestHead head;
  fill(head);
  head.path_span = {};
  head.path_is_root = true;
  EXPECT_EQ(head.path(), "/");
}

TEST(RequestHeadTest, ClearForgetsEverything) {
  RequestHead head;
  for (bool own : {false, true}) {
    fill(head);
    head.content_length = 5;
    head.method_id = Method::get;
    head.minor_version = 0;
    head.path_is_root = head.chunked = head.expects_continue = true;
    head.keep_alive = false;
    if (own) head.own();
    head.clear();
    EXPECT_EQ(head.bytes(), "");
    EXPECT_EQ(head.method(), "");
    EXPECT_EQ(head.target(), "");
    EXPECT_EQ(head.path(), "");
    EXPECT_EQ(head.query(), "");
    EXPECT_EQ(head.authority(), "");
    EXPECT_EQ(head.field_count(), 0u);
    EXPECT_EQ(head.content_length, 0u);
    EXPECT_EQ(head.method_id, Method::other);
    EXPECT_EQ(head.minor_version, 1);
    EXPECT_FALSE(head.path_is_root || head.chunked || head.expects_continue);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_TRUE(head.storage().empty());
  }
}

TEST(RequestHeadTest, ClearGivesAHugeHeadsMemoryBack) {
  RequestHead head;
  head.storage().assign(1 << 20, 'x');
  head.fields.resize(10'000);
  head.clear();
  EXPECT_LE(head.storage().capacity(), 64u * 1024);
  EXPECT_LE(head.fields.capacity(), 1000u);
}

TEST(RequestHeadTest, ClearKeepsAnOrdinaryHeadsMemory) {
  RequestHead head;
  head.storage().assign(1000, 'x');
  head.fields.resize(20);
  const size_t storage = head.storage().capacity();
  const size_t fields = head.fields.capacity();
  head.clear();
  EXPECT_EQ(head.storage().capacity(), storage);
  EXPECT_EQ(head.fields.capacity(), fields);
}

}  // namespace
}  // namespace bao::http
