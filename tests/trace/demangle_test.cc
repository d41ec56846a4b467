#include "trace/demangle.h"

#include <gtest/gtest.h>
#include <map>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

namespace bao::trace {
namespace {

TEST(Demangle, Types) {
  EXPECT_EQ(demangle_type(typeid(std::out_of_range).name()), "std::out_of_range");
  EXPECT_EQ(demangle_type(typeid(int).name()), "int");
}

TEST(Demangle, StandardStringsAreWrittenShort) {
  EXPECT_EQ(demangle_type(typeid(std::string).name()), "std::string");
  EXPECT_EQ(demangle_type("St6vectorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS5_EE"),
            "std::vector<std::string, std::allocator<std::string > >");
}

TEST(Demangle, WhatIsNoCppNameStaysAsItIs) {
  EXPECT_EQ(demangle_type("?"), "?");
  EXPECT_EQ(demangle_function("main"), "main");
  EXPECT_EQ(demangle_function(""), "");
  EXPECT_EQ(demangle_function("_Znonsense"), "_Znonsense");
}

TEST(Demangle, FunctionOfCIsNotTakenForAType) {
  EXPECT_EQ(demangle_function("f"), "f");
}

TEST(Demangle, Functions) {
  EXPECT_EQ(demangle_function("_ZN3app5outerEi"), "app::outer(int)");
}

TEST(Demangle, SuffixesOfClonesAreDropped) {
  EXPECT_EQ(demangle_function("_ZN3app5outerEi.cold"), "app::outer(int)");
  EXPECT_EQ(demangle_function("_ZN3app5outerEi.constprop.0.isra.3"), "app::outer(int)");
  EXPECT_EQ(demangle_function("main.cold"), "main");
}

TEST(Demangle, NamesOfDebugInformationKeepTheirDots) {
  EXPECT_EQ(demangle_function("f(int, ...)::<lambda()>"), "f(int, ...)::<lambda()>");
  EXPECT_EQ(demangle_function("call<std::__cxx11::list<int> >"), "call<std::list<int> >");
}

TEST(Demangle, CoroutineBodiesOfGccGetTheNameOfTheCoroutine) {
  EXPECT_EQ(demangle_function("_ZN3app3Svc3runEPZNS0_3runEiE23_ZN3app3Svc3runEi.Frame.actor"),
            "app::Svc::run(int)");
  EXPECT_EQ(demangle_function("_ZN3app3Svc3runEPZNS0_3runEiE23_ZN3app3Svc3runEi.Frame.actor.cold"),
            "app::Svc::run(int)");
  EXPECT_EQ(demangle_function("_ZN3app3Svc3runEPZNS0_3runEiE23_ZN3app3Svc3runEi.Frame.destroy"),
            "app::Svc::run(int)");
  EXPECT_EQ(
      demangle_function("_ZZ4mainENUliE_clEPZZ4mainENKS_clEiE26_ZZ4mainENKUliE_clEi.Frame.actor"),
      "main::{lambda(int)#1}::operator()(int) const");
}

TEST(Demangle, CoroutineBodiesOfClangGetTheNameOfTheCoroutine) {
  EXPECT_EQ(demangle_function("_ZN3app3Svc3runEi.resume"), "app::Svc::run(int)");
}

TEST(Demangle, BrokenCoroutineSymbolsAreHarmless) {
  EXPECT_EQ(demangle_function("_Z.Frame.actor"), "_Z");
  EXPECT_EQ(demangle_function(".Frame.actor"), ".Frame.actor");
  EXPECT_EQ(demangle_function("_Z1f99_Z1f.Frame.actor"), "_Z1f99_Z1f");
}

}  // namespace
}  // namespace bao::trace
