#include "trace/exception.h"

#include <exception>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

namespace bao::trace {
namespace {

struct Silent : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

template <class Error>
std::exception_ptr made(Error error) {
  return std::make_exception_ptr(std::move(error));
}

TEST(Exception, TypeIsTheThrownOne) {
  ASSERT_NE(type_of(made(42)), nullptr);
  EXPECT_EQ(*type_of(made(42)), typeid(int));
  EXPECT_EQ(type_of(nullptr), nullptr);
}

TEST(Exception, TypeIsDemangled) {
  EXPECT_EQ(type_name(made(std::out_of_range("x"))), "std::out_of_range");
  EXPECT_EQ(type_name(made(42)), "int");
  EXPECT_EQ(type_name(made(std::string("x"))), "std::string");
  EXPECT_EQ(type_name(nullptr), "");
}

TEST(Exception, DescriptionIsWhat) {
  EXPECT_EQ(describe(made(std::out_of_range("seven of three"))), "seven of three");
  EXPECT_EQ(describe(made(Silent())), "");
}

TEST(Exception, ThrownTextsDescribeThemselves) {
  EXPECT_EQ(describe(made("literal")), "literal");
  EXPECT_EQ(describe(made(static_cast<const char*>(nullptr))), "");
  EXPECT_EQ(describe(made(std::string("text"))), "text");
}

TEST(Exception, OtherTypesAreDescribedByTheirType) {
  EXPECT_EQ(describe(made(42)), "int");
  EXPECT_EQ(describe(nullptr), "");
}

[[noreturn]] void throw_chain(int depth) {  // NOLINT(misc-no-recursion)
  if (depth == 0) throw std::runtime_error("root");
  try {
    throw_chain(depth - 1);
  } catch (...) {
    std::throw_with_nested(std::runtime_error("level " + std::to_string(depth)));
  }
}

std::exception_ptr chain(int depth) {
  try {
    throw_chain(depth);
  } catch (...) {
    return std::current_exception();
  }
}

TEST(Exception, CausesGoFromTheNearestToTheRoot) {
  const auto found = causes(chain(2));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(describe(found[0]), "level 1");
  EXPECT_EQ(describe(found[1]), "root");
}

TEST(Exception, NestingTypeIsNamedLikeTheThrownOne) {
  EXPECT_EQ(type_name(chain(1)), "std::runtime_error");
}

TEST(Exception, NothingNestedHasNoCauses) {
  EXPECT_TRUE(causes(made(std::runtime_error("alone"))).empty());
  EXPECT_TRUE(causes(made(1)).empty());
  EXPECT_TRUE(causes(nullptr).empty());
}

TEST(Exception, NestedExceptionWithoutACauseEndsTheChain) {
  EXPECT_TRUE(causes(made(std::nested_exception())).empty());
}

TEST(Exception, LongChainsAreCut) {
  EXPECT_EQ(causes(chain(40)).size(), 16u);
}

}  // namespace
}  // namespace bao::trace
