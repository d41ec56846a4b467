#include "net/unlinked_file.h"

#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <system_error>

#include "net/read_at.h"
#include "net/temporary_file.h"

namespace bao::net {
namespace {

TEST(UnlinkedFile, HasNoNameAndIsReadAndWritten) {
  const testing::TemporaryFile folder;
  const FileDescriptor file = make_unlinked_file(folder.folder());
  struct stat facts{};
  ASSERT_EQ(::fstat(file.get(), &facts), 0);
  EXPECT_EQ(facts.st_nlink, 0u);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  write_at(file.get(), "hello", 3);
  write_at(file.get(), "abc", 0);
  std::string text(20, '\0');
  EXPECT_EQ(read_at(file.get(), text, 0), 8);
  EXPECT_EQ(text.substr(0, 8), "abchello");
}

TEST(UnlinkedFile, IsInTheTemporaryFolderUnlessTold) {
  EXPECT_TRUE(make_unlinked_file(""));
}

TEST(UnlinkedFile, NamesTheFolderThatIsNone) {
  try {
    make_unlinked_file("/nowhere");
    FAIL() << "it was made";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_TRUE(
        std::string(error.what()).starts_with("A temporary file cannot be made in \"/nowhere\": "));
  }
}

TEST(UnlinkedFile, SaysIfItCannotBeWritten) {
  EXPECT_THROW(write_at(-1, "x", 0), std::system_error);
}

}  // namespace
}  // namespace bao::net
