#pragma once

// What the fragments of a page find there: everything that they may have included, and the judge of
// `throws` blocks.

#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <bao/bao.h>

using namespace std::chrono_literals;

// A fragment may show what a thing gives without using it.
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"

/// Whether `text` is `pattern`, where … stands for anything.
inline bool matches(std::string_view text, std::string_view pattern) {
  constexpr std::string_view kAnything = "…";
  const size_t gap = pattern.find(kAnything);
  if (gap == pattern.npos) return text == pattern;
  if (text.substr(0, gap) != pattern.substr(0, gap)) return false;
  const std::string_view rest = pattern.substr(gap + kAnything.size());
  for (size_t at = gap; at <= text.size(); ++at) {
    if (matches(text.substr(at), rest)) return true;
  }
  return false;
}

/// Runs `run`; says what is wrong if it does not throw what the page expects.
inline bool throws(const char* place, void (*run)(), std::string_view expected) {
  try {
    run();
    std::cout << place << ": nothing is thrown\n";
  } catch (const std::exception& error) {
    if (matches(error.what(), expected)) return true;
    std::cout << place << ": what is thrown says:\n  " << error.what() << '\n';
  }
  return false;
}
