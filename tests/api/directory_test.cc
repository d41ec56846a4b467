#include <fcntl.h>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include <bao/bao.h>

#include "api/raw_client.h"
#include "api/served.h"
#include "net/temporary_folder.h"

namespace bao {
namespace {

using testing::RawClient;
using testing::RawReply;
using testing::Served;
using testing::TemporaryFolder;

/// What no reply may ever hold.
constexpr std::string_view kSecret = "TOP-SECRET";

/// A public folder among others that are not, with links that want out of it.
class HostilePaths : public ::testing::Test {
 protected:
  void SetUp() override {
    around.write("secret.txt", kSecret);
    around.write("public-not/secret.txt", kSecret);
    around.write("public/a.txt", "public");
    around.write("public/sub/b.txt", "public");
    around.write("public/sub/deep/c.txt", "public");
    around.write("public/.env", kSecret);
    around.write("public/.git/config", kSecret);
    around.write("public/sub/.htpasswd", kSecret);
    around.link("public/up", "../secret.txt");
    around.link("public/up-up", "../../../../../../../../" + around.path("secret.txt"));
    around.link("public/absolute", around.path("secret.txt"));
    around.link("public/parent", "..");
    around.link("public/absolute-parent", around.path());
    around.link("public/sub/chain", "../parent");
    around.link("public/root", "/");
    around.link("public/proc", "/proc/self/root");
    around.link("public/loop", "loop");
    around.link("public/dots", "./sub/../../secret.txt");
    EXPECT_EQ(::mkfifo(around.path("public/pipe").c_str(), 0600), 0);
  }

  /// A file is never sent from outside, so what is not the public one has no content worth hiding.
  void expect_kept(std::string_view target, const RawReply& reply) const {
    EXPECT_EQ(reply.body.find(kSecret), std::string::npos) << target;
    EXPECT_EQ(reply.body.find("root:"), std::string::npos) << target;
    EXPECT_TRUE(reply.status == 404 || reply.status == 400 || reply.status == 414)
        << target << " " << reply.status;
    for (const std::string& location : reply.field_all("Location")) {
      ADD_FAILURE() << target << " leads to " << location;
    }
  }

  TemporaryFolder around;
};

std::vector<std::string> dot_segments() {
  return {"/s/..",
          "/s/../secret.txt",
          "/s/../../etc/passwd",
          "/s/../../../../../../../../../../etc/passwd",
          "/s/sub/../../secret.txt",
          "/s/sub/deep/../../../secret.txt",
          "/s/./a.txt",
          "/s/.",
          "/s/sub/..",
          "/s/sub/../a.txt",
          "/s/.../secret.txt",
          "/s/..../secret.txt",
          "/s/..;/secret.txt",
          "/s/..;a=b/secret.txt",
          "/s/../public-not/secret.txt",
          "/s/..public-not/secret.txt",
          "/s/a.txt/../../secret.txt",
          "/s/~/../secret.txt"};
}

std::vector<std::string> encoded_segments() {
  return {"/s/%2e%2e/secret.txt",
          "/s/%2E%2E/secret.txt",
          "/s/.%2e/secret.txt",
          "/s/%2e./secret.txt",
          "/s/%2e/a.txt",
          "/s/..%2fsecret.txt",
          "/s/..%2Fsecret.txt",
          "/s/%2e%2e%2fsecret.txt",
          "/s/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
          "/s/sub%2f..%2f..%2fsecret.txt",
          "/s/%252e%252e/secret.txt",
          "/s/%252e%252e%252fsecret.txt",
          "/s/%25%32%65%25%32%65/secret.txt",
          "/s/%2fetc%2fpasswd",
          "/s/sub%2Fb.txt",
          "/s/%61.txt",
          "/s/a%2Etxt",
          "/s/%73ub/b.txt",
          "/s/%u002e%u002e/secret.txt",
          "/s/%u2215etc/passwd",
          "/s/%",
          "/s/%2",
          "/s/%zz/secret.txt",
          "/s/a.txt%",
          "/s/%%32%65%%32%65/secret.txt"};
}

std::vector<std::string> backslashes_and_control_characters() {
  return {"/s/..\\secret.txt",
          "/s/..\\..\\secret.txt",
          "/s/..%5csecret.txt",
          "/s/..%5C..%5Csecret.txt",
          "/s/%2e%2e%5csecret.txt",
          "/s/sub\\..\\..\\secret.txt",
          "/s\\..\\secret.txt",
          "/s/\\\\host\\share",
          "/s/C:\\windows",
          "/s/a.txt%00",
          "/s/%00",
          "/s/a.txt%00.html",
          "/s/..%00/secret.txt",
          "/s/%00../secret.txt",
          "/s/up%00.txt",
          "/s/a.txt%0a",
          "/s/a.txt%0d%0aX-Injected:%201",
          "/s/%0d%0aLocation:%20http://evil.com",
          "/s/a.txt%7f",
          "/s/a.txt%09"};
}

std::vector<std::string> wrong_utf8() {
  return {"/s/%c0%ae%c0%ae/secret.txt",
          "/s/%c0%ae%c0%ae%c0%afsecret.txt",
          "/s/..%c0%afsecret.txt",
          "/s/..%c1%9csecret.txt",
          "/s/%e0%80%ae%e0%80%ae/secret.txt",
          "/s/..%e0%80%afsecret.txt",
          "/s/%f0%80%80%ae%f0%80%80%ae/secret.txt",
          "/s/%f8%80%80%80%ae/secret.txt",
          "/s/%fc%80%80%80%80%ae/secret.txt",
          "/s/%ff",
          "/s/%ed%a0%80",
          "/s/%ef%bc%8e%ef%bc%8e/secret.txt",
          "/s/..%e2%88%95secret.txt",
          "/s/%e2%80%a5/secret.txt"};
}

std::vector<std::string> slashes_and_links() {
  return {"/s//etc/passwd",
          "/s///etc/passwd",
          "/s//../secret.txt",
          "/s/sub//b.txt",
          "/s//",
          "/s/a.txt/",
          "/s/a.txt/b",
          "//s/../secret.txt",
          "//evil.com/%2e%2e",
          "/s/up",
          "/s/up-up",
          "/s/absolute",
          "/s/dots",
          "/s/loop",
          "/s/loop/a",
          "/s/parent/secret.txt",
          "/s/parent/public-not/secret.txt",
          "/s/absolute-parent/secret.txt",
          "/s/sub/chain/secret.txt",
          "/s/root/etc/passwd",
          "/s/proc/etc/passwd",
          "/s/pipe",
          "/s/.env",
          "/s/.git/config",
          "/s/sub/.htpasswd",
          "http://localhost/s/../secret.txt",
          "http://localhost//etc/passwd"};
}

std::vector<std::string> long_paths() {
  std::string deep = "/s";
  for (int i = 0; i < 3000; ++i) deep += "/sub";
  std::string up = "/s";
  for (int i = 0; i < 3000; ++i) up += "/..";
  std::string encoded = "/s/";
  for (int i = 0; i < 2000; ++i) encoded += "%2e%2e/";
  return {"/s/" + std::string(300, 'a'),
          "/s/" + std::string(5000, 'a'),
          "/s/" + std::string(15000, 'a'),
          "/s/" + std::string(20000, 'a'),
          deep,
          up + "/etc/passwd",
          encoded + "etc/passwd",
          "/s/" + std::string(4096, '%')};
}

std::vector<std::string> hostile_paths() {
  std::vector<std::string> all;
  for (const auto& group :
       {dot_segments(), encoded_segments(), backslashes_and_control_characters(), wrong_utf8(),
        slashes_and_links(), long_paths()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

TEST_F(HostilePaths, AreMany) {
  EXPECT_GE(hostile_paths().size(), 100U);
}

TEST_F(HostilePaths, NeverLeaveTheFolder) {
  Served served({.routes = {{"/s/*", directory(around.path("public"))}}});
  for (const std::string& target : hostile_paths()) {
    expect_kept(target.substr(0, 80),
                served.exchange("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }
  EXPECT_EQ(served.get("/s/a.txt").body, "public") << "and it goes on serving";
}

TEST_F(HostilePaths, NeverLeaveTheFolderWithEverythingShown) {
  std::filesystem::remove_all(around.path("public/.git"));
  for (const char* name : {"public/.env", "public/sub/.htpasswd"}) {
    std::filesystem::remove(around.path(name));
  }
  Served served({.routes = {{"/s/*", directory(around.path("public"), {.listing = true,
                                                                       .dot_files = true,
                                                                       .precompressed = true})}}});
  for (const std::string& target : hostile_paths()) {
    const RawReply reply = served.exchange("GET " + target +
                                           " HTTP/1.1\r\nHost: localhost\r\n"
                                           "Accept-Encoding: gzip, br, zstd\r\n\r\n");
    EXPECT_EQ(reply.body.find(kSecret), std::string::npos) << target.substr(0, 80);
    EXPECT_EQ(reply.body.find("root:"), std::string::npos) << target.substr(0, 80);
    EXPECT_EQ(reply.body.find("public-not"), std::string::npos) << "nor is it listed";
    for (const std::string& location : reply.field_all("Location")) {
      EXPECT_TRUE(location.starts_with("/s/")) << location;
    }
  }
}

// ---- On the C++ face

class DirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root.write("index.html", "<h1>hi");
    root.write("a.txt", "0123456789");
    root.write("sub/x.txt", "x");
  }
  TemporaryFolder root;
};

TEST_F(DirectoryTest, StandsOnARoute) {
  Served served({.routes = {{"/static/*", directory(root.path())}, {"/other", "other"}},
                 .fetch = [] { return Response("fetch"); }});
  EXPECT_EQ(served.get("/static/a.txt").body, "0123456789");
  EXPECT_EQ(served.get("/static/").body, "<h1>hi");
  EXPECT_EQ(served.get("/static/missing").body, "fetch");
  EXPECT_EQ(served.get("/static").body, "fetch");
  const RawReply moved = served.get("/static/sub?a=b");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.field("Location"), "/static/sub/?a=b");
  EXPECT_EQ(moved.field("Content-Length"), "0");
}

TEST_F(DirectoryTest, StandsAtTheRoot) {
  Served served({.routes = {{"/*", directory(root.path())}, {"/api", "api"}}});
  EXPECT_EQ(served.get("/").body, "<h1>hi");
  EXPECT_EQ(served.get("/api").body, "api");
  EXPECT_EQ(served.get("/sub/x.txt").body, "x");
  EXPECT_EQ(served.get("/nothing").status, 404);
}

TEST_F(DirectoryTest, StandsBesideOtherMethods) {
  Served served({.routes = {{"/*", methods{.get = directory(root.path()), .post = [](Request& req) {
                                             return Response(req.param("*"));
                                           }}}}});
  EXPECT_EQ(served.get("/a.txt").body, "0123456789");
  EXPECT_EQ(served.exchange("POST /a.txt HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").body,
            "a.txt");
  EXPECT_EQ(served.exchange("DELETE /a.txt HTTP/1.1\r\nHost: a\r\n\r\n").field("Allow"),
            "GET, POST, HEAD");
}

TEST_F(DirectoryTest, ParametersMayStandBeforeTheRest) {
  Served served({.routes = {{"/v/:version/*", directory(root.path())}}});
  EXPECT_EQ(served.get("/v/1/a.txt").body, "0123456789");
  EXPECT_EQ(served.get("/v/1/sub").field("Location"), "/v/1/sub/");
  EXPECT_EQ(served.get("/v/a%2Fb/sub").field("Location"), "/v/a%2Fb/sub/");
}

TEST_F(DirectoryTest, GivesRanges) {
  Served served({.routes = {{"/*", directory(root.path())}}});
  const RawReply part =
      served.exchange("GET /a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=-3\r\n\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "789");
}

TEST_F(DirectoryTest, AFolderThatIsNotThereIsTold) {
  const std::string missing = root.path("missing");
  try {
    Served served({.routes = {{"/s/*", directory(missing)}}});
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), "/s/*");
    EXPECT_EQ(std::string(error.what()), "Route \"/s/*\": The directory \"" + missing +
                                             "\" cannot be opened: No such file or directory");
  }
}

TEST_F(DirectoryTest, ARouteWithoutARestIsTold) {
  try {
    Served served({.routes = {{"/s", directory(root.path())}}});
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_EQ(error.option(), "/s");
    EXPECT_EQ(std::string(error.what()),
              "route pattern \"/s\": the rest of the path says which file of a directory is meant, "
              "let the pattern end in /*");
  }
}

TEST_F(DirectoryTest, AWrongIndexIsTold) {
  try {
    Served served({.routes = {{"/*", directory(root.path(), {.index = {"a/b"}})}}});
    FAIL();
  } catch (const OptionError& error) {
    EXPECT_EQ(std::string(error.what()), "Route \"/*\": The index file \"a/b\" of directory \"" +
                                             root.path() +
                                             "\" is no name of a file: give one "
                                             "without slashes, \"index.html\" say");
  }
}

}  // namespace
}  // namespace bao
