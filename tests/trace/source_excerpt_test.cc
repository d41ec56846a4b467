#include "trace/source_excerpt.h"

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>

namespace bao::trace {
namespace {

class SourceExcerptTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "source_excerpt_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& text) {
    const std::string path = folder_ + "/source.cc";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::string folder_;
};

std::string numbered(int lines) {
  std::string text;
  for (int i = 1; i <= lines; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

TEST_F(SourceExcerptTest, HasTheLinesAround) {
  const auto excerpt = read_source_excerpt(write(numbered(20)), 10);
  ASSERT_TRUE(excerpt);
  EXPECT_EQ(excerpt->first_line, 6);
  EXPECT_EQ(excerpt->highlighted, 10);
  ASSERT_EQ(excerpt->lines.size(), 9u);
  EXPECT_EQ(excerpt->lines.front(), "line 6");
  EXPECT_EQ(excerpt->lines.back(), "line 14");
}

TEST_F(SourceExcerptTest, EndsWithTheFile) {
  const std::string path = write(numbered(5));
  const auto first = read_source_excerpt(path, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first_line, 1);
  EXPECT_EQ(first->lines.size(), 5u);
  const auto last = read_source_excerpt(path, 5, 1);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->first_line, 4);
  EXPECT_EQ(last->lines.size(), 2u);
}

TEST_F(SourceExcerptTest, LastLineNeedsNoLineEnd) {
  const auto excerpt = read_source_excerpt(write("one\ntwo"), 2, 0);
  ASSERT_TRUE(excerpt);
  EXPECT_EQ(excerpt->lines, std::vector<std::string>{"two"});
}

TEST_F(SourceExcerptTest, CarriageReturnsBelongToTheLineEnd) {
  const auto excerpt = read_source_excerpt(write("one\r\n\r\nthree\r\n"), 2, 1);
  ASSERT_TRUE(excerpt);
  EXPECT_EQ(excerpt->lines, (std::vector<std::string>{"one", "", "three"}));
}

TEST_F(SourceExcerptTest, LinesOutsideTheFileAreNone) {
  const std::string path = write(numbered(5));
  EXPECT_FALSE(read_source_excerpt(path, 6));
  EXPECT_FALSE(read_source_excerpt(path, 0));
  EXPECT_FALSE(read_source_excerpt(path, -3));
  EXPECT_FALSE(read_source_excerpt(path, INT_MAX));
  EXPECT_FALSE(read_source_excerpt(write(""), 1));
}

TEST_F(SourceExcerptTest, LongLinesAreCutAtACharacter) {
  std::string umlauts;
  for (int i = 0; i < 500; ++i) umlauts += "\xC3\xBC";
  const auto excerpt = read_source_excerpt(
      write(std::string(500, 'x') + "\n" + umlauts + "\n" + std::string(9000, '\x80') + "\n"), 2);
  ASSERT_TRUE(excerpt);
  ASSERT_EQ(excerpt->lines.size(), 3u);
  EXPECT_EQ(excerpt->lines[0], std::string(400, 'x'));
  EXPECT_EQ(excerpt->lines[1], umlauts.substr(0, 800));
  EXPECT_EQ(excerpt->lines[2].size(), 1600u);
}

TEST_F(SourceExcerptTest, FilesUpTo4MiBAreRead) {
  std::string text = "first\n";
  text.resize(std::size_t{4} * 1024 * 1024, '\n');
  EXPECT_TRUE(read_source_excerpt(write(text), 1));
  EXPECT_FALSE(read_source_excerpt(write(text + "\n"), 1));
}

TEST_F(SourceExcerptTest, OnlyRegularFilesAreRead) {
  EXPECT_FALSE(read_source_excerpt(folder_, 1));
  EXPECT_FALSE(read_source_excerpt(folder_ + "/missing.cc", 1));
  EXPECT_FALSE(read_source_excerpt("/dev/zero", 1));
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_FALSE(read_source_excerpt(fifo, 1));
}

}  // namespace
}  // namespace bao::trace
