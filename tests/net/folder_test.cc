#include "net/folder.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/temporary_folder.h"

namespace bao::net {
namespace {

using bao::testing::TemporaryFolder;

/// A folder `root` with a secret beside it, opened by the kernel's rules or name by name.
class FolderTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    around.write("secret", "secret");
    around.write("root/a.txt", "a");
    around.write("root/sub/b.txt", "b");
    around.link("root/inside", "a.txt");
    around.link("root/up", "../secret");
    around.link("root/deep", "../../../../../../../../etc/passwd");
    around.link("root/absolute", "/etc/passwd");
    around.link("root/out", "..");
    around.link("root/magic", "/proc/self/root");
    around.link("root/loop", "loop");
    around.link("root/linked", "sub");
    ASSERT_FALSE(folder.open(around.path("root")));
    if (by_names()) folder.walk_by_names();
  }
  static bool by_names() { return GetParam(); }
  /// The content, if it could be opened and is a file.
  std::optional<std::string> read(const std::string& names) {
    FileDescriptor file;
    if (folder.open_below(names, file)) return std::nullopt;
    char buffer[100];
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0) return "no file";
    return std::string(buffer, static_cast<size_t>(count));
  }

  TemporaryFolder around;
  Folder folder;
};

TEST_P(FolderTest, OpensWhatIsBelow) {
  EXPECT_EQ(read("a.txt"), "a");
  EXPECT_EQ(read("sub/b.txt"), "b");
  EXPECT_EQ(read("sub"), "no file");
  EXPECT_EQ(read(""), "no file");
}

TEST_P(FolderTest, SaysWhatIsNotThere) {
  FileDescriptor file;
  EXPECT_EQ(folder.open_below("missing", file), std::errc::no_such_file_or_directory);
  EXPECT_EQ(folder.open_below("missing/a", file), std::errc::no_such_file_or_directory);
  EXPECT_EQ(folder.open_below("a.txt/a", file), std::errc::not_a_directory);
  EXPECT_EQ(folder.open_below(std::string(5000, 'a'), file), std::errc::filename_too_long);
  EXPECT_FALSE(file);
}

TEST_P(FolderTest, NothingLeadsOut) {
  for (const char* names : {"up", "deep", "absolute", "out/secret", "../secret", "sub/../../secret",
                            "magic/etc/passwd", "loop", "/etc/passwd"}) {
    EXPECT_FALSE(read(names).has_value()) << names;
  }
}

TEST_P(FolderTest, ANulByteIsRefused) {
  EXPECT_FALSE(read(std::string("a.txt\0", 6)).has_value());
}

TEST_P(FolderTest, LinksWithinAreFollowedByTheKernelOnly) {
  if (by_names()) {
    EXPECT_FALSE(read("inside").has_value());
    EXPECT_FALSE(read("linked/b.txt").has_value());
  } else {
    EXPECT_EQ(read("inside"), "a");
    EXPECT_EQ(read("linked/b.txt"), "b");
  }
}

TEST_P(FolderTest, APipeWithoutAWriterIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(around.path("root/pipe").c_str(), 0600), 0);
  FileDescriptor file;
  EXPECT_FALSE(folder.open_below("pipe", file));
  struct stat facts{};
  ASSERT_EQ(::fstat(file.get(), &facts), 0);
  EXPECT_TRUE(S_ISFIFO(facts.st_mode));
}

TEST_P(FolderTest, StaysWithTheFolderThatItHasOpened) {
  std::filesystem::rename(around.path("root"), around.path("moved"));
  around.write("root/a.txt", "another");
  EXPECT_EQ(read("a.txt"), "a");
  EXPECT_FALSE(folder.open(around.path("root")));
  EXPECT_EQ(read("a.txt"), "another");
}

TEST_P(FolderTest, KeepsTheFolderIfTheNextCannotBeOpened) {
  EXPECT_EQ(folder.open(around.path("missing")), std::errc::no_such_file_or_directory);
  EXPECT_EQ(folder.open(around.path("secret")), std::errc::not_a_directory);
  EXPECT_EQ(read("a.txt"), "a");
}

INSTANTIATE_TEST_SUITE_P(, FolderTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "ByNames" : "ByTheKernel"; });

}  // namespace
}  // namespace bao::net
