#include "tls/client_hello.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

#include "http1/guarded_page.h"
#include "tls/client.h"

namespace bao::tls {
namespace {

using testing::MemoryClient;

std::string hello_of(const std::string& name, int max_version = 0) {
  MemoryClient client({.server_name = name, .max_version = max_version});
  client.handshake();
  return client.take_wire();
}

Opening read(std::string_view bytes, std::string& name) {
  testing::GuardedPage page(bytes.size());
  return read_client_hello(page.place(bytes), name);
}

// The same message in records of `size` bytes (RFC 8446 section 5.1).
std::string in_records(const std::string& hello, size_t size) {
  const std::string message = hello.substr(5);
  std::string records;
  for (size_t at = 0; at < message.size(); at += size) {
    const std::string part = message.substr(at, size);
    records += {22, 3, 1, static_cast<char>(part.size() >> 8), static_cast<char>(part.size())};
    records += part;
  }
  return records;
}

TEST(ClientHelloTest, TheNameOfRealHellos) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::string name;
    EXPECT_EQ(read(hello_of("www.example.com", version), name), Opening::hello);
    EXPECT_EQ(name, "www.example.com");
  }
}

TEST(ClientHelloTest, ANameIsComparedInLowerCaseWithoutItsLastDot) {
  std::string name;
  EXPECT_EQ(read(hello_of("WWW.Example.COM"), name), Opening::hello);
  EXPECT_EQ(name, "www.example.com");
  EXPECT_EQ(normal_host_name("a.B."), "a.b");
}

TEST(ClientHelloTest, NoNameIsNoName) {
  std::string name = "left over";
  EXPECT_EQ(read(hello_of(""), name), Opening::hello);
  EXPECT_EQ(name, "");
}

TEST(ClientHelloTest, WhatIsNoHostNameIsNoName) {
  for (const char* wrong :
       {"", ".", "a..b", ".a", "a b", "a/b", "a\n", "b\xC3\xBC", "*.a", "a:1"}) {
    EXPECT_EQ(normal_host_name(wrong), "") << wrong;
  }
  EXPECT_EQ(normal_host_name(std::string("a\0b", 3)), "");
  EXPECT_EQ(normal_host_name(std::string(253, 'a')).size(), 253u);
  EXPECT_EQ(normal_host_name(std::string(254, 'a')), "");
}

TEST(ClientHelloTest, EveryBeginningIsIncomplete) {
  const std::string hello = hello_of("example.com");
  std::string name;
  for (size_t size = 0; size < hello.size(); ++size) {
    ASSERT_EQ(read(hello.substr(0, size), name), Opening::incomplete) << size;
  }
  EXPECT_EQ(read(hello + "more", name), Opening::hello);
  EXPECT_EQ(name, "example.com");
}

// RFC 8446 section 5.1: handshake messages may be split over records.
TEST(ClientHelloTest, AHelloInSeveralRecords) {
  const std::string hello = hello_of("example.com");
  for (const size_t size : {1u, 2u, 3u, 4u, 5u, 100u}) {
    const std::string records = in_records(hello, size);
    std::string name;
    EXPECT_EQ(read(records, name), Opening::hello) << size;
    EXPECT_EQ(name, "example.com") << size;
    EXPECT_EQ(read(records.substr(0, records.size() - 1), name), Opening::incomplete);
  }
}

TEST(ClientHelloTest, LettersAreText) {
  for (const char* text : {"G", "GET / HTTP/1.1\r\n\r\n", "post", "PRI * HTTP/2.0"}) {
    std::string name;
    EXPECT_EQ(read(text, name), Opening::text) << text;
  }
}

TEST(ClientHelloTest, WhatIsNeitherIsLeftToTls) {
  const std::string hello = hello_of("example.com");
  std::string other = hello;
  other[5] = 2;  // a ServerHello
  std::string empty_record = {22, 3, 1, 0, 0};
  std::string large_record = {22, 3, 1, 0x40, 1};
  std::string alert_behind = hello.substr(0, 3) + std::string({0, 1, 1, 21});
  std::string name;
  for (const std::string& bytes : {std::string("\x80\x2e\x01"), std::string(1, '\0'), other,
                                   empty_record, large_record, alert_behind}) {
    EXPECT_EQ(read(bytes, name), Opening::other);
  }
}

// Whatever bytes come, the reading ends, stays inside of them, and gives a host name or none.
TEST(ClientHelloTest, DamagedHellos) {
  const std::string hello = hello_of("example.com");
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = hello;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    damaged.resize(random() % (damaged.size() + 1));
    std::string name;
    read(damaged, name);
    EXPECT_EQ(normal_host_name(name), name);
  }
}

}  // namespace
}  // namespace bao::tls
