#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#define FUZZER(name) extern "C" int fuzz_##name(const std::uint8_t* data, std::size_t size);
#include "fuzzers.inc"
#undef FUZZER

namespace bao {
namespace {

struct Fuzzer {
  std::string name;
  int (*run)(const std::uint8_t*, std::size_t);
};

std::vector<Fuzzer> fuzzers() {
  return {
#define FUZZER(name) {#name, fuzz_##name},
#include "fuzzers.inc"
#undef FUZZER
  };
}

std::vector<std::filesystem::path> files_of(const std::string& name) {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path folder = std::filesystem::path(BAO_CORPUS) / name;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class CorpusTest : public ::testing::TestWithParam<Fuzzer> {};

// A fuzzer that finds something stops the program; the last file named is what did it.
TEST_P(CorpusTest, NoInputStopsTheProgram) {
  const Fuzzer& fuzzer = GetParam();
  const std::vector<std::filesystem::path> files = files_of(fuzzer.name);
  EXPECT_FALSE(files.empty()) << "no inputs: put some into " << BAO_CORPUS << "/" << fuzzer.name;
  fuzzer.run(nullptr, 0);
  for (const std::filesystem::path& file : files) {
    std::cout << file.filename().string() << std::endl;
    std::ifstream stream(file, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
    // Every beginning of it too: a message that is cut anywhere.
    for (std::size_t size = bytes.size() > 1024 ? bytes.size() : 0; size <= bytes.size(); ++size) {
      const std::vector<std::uint8_t> input(bytes.begin(),
                                            bytes.begin() + static_cast<std::ptrdiff_t>(size));
      fuzzer.run(input.data(), input.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Fuzzers, CorpusTest, ::testing::ValuesIn(fuzzers()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace bao
