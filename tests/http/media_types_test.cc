#include "http/media_types.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "http/media_types_table.h"
#include "http/tokens.h"

namespace bao::http {
namespace {

constexpr std::string_view kUnknown = "application/octet-stream";

TEST(MediaTypesTest, TheExtensionDecides) {
  EXPECT_EQ(media_type_of("a.png"), "image/png");
  EXPECT_EQ(media_type_of("a.mp4"), "video/mp4");
  EXPECT_EQ(media_type_of("a.wasm"), "application/wasm");
  EXPECT_EQ(media_type_of("a.svg"), "image/svg+xml");
  EXPECT_EQ(media_type_of("a.woff2"), "font/woff2");
  EXPECT_EQ(media_type_of("a.7z"), "application/x-7z-compressed");
  EXPECT_EQ(media_type_of("a.zip"), "application/zip");
  EXPECT_EQ(media_type_of("a.ico"), "image/x-icon");
}

TEST(MediaTypesTest, TextSaysThatItIsUtf8) {
  EXPECT_EQ(media_type_of("a.txt"), "text/plain;charset=utf-8");
  EXPECT_EQ(media_type_of("a.html"), "text/html;charset=utf-8");
  EXPECT_EQ(media_type_of("a.css"), "text/css;charset=utf-8");
  EXPECT_EQ(media_type_of("a.md"), "text/markdown;charset=utf-8");
  EXPECT_EQ(media_type_of("a.json"), "application/json;charset=utf-8");
  EXPECT_EQ(media_type_of("a.js.map"), "application/json;charset=utf-8");
}

// Browsers refuse modules of other types.
TEST(MediaTypesTest, ScriptsAreJavascript) {
  for (std::string_view name : {"a.js", "a.mjs", "a.cjs", "a.jsx", "a.ts", "a.tsx", "a.mts"}) {
    EXPECT_EQ(media_type_of(name), "text/javascript;charset=utf-8") << name;
  }
}

// XML names its encoding in itself.
TEST(MediaTypesTest, XmlSaysNoCharset) {
  EXPECT_EQ(media_type_of("a.xml"), "application/xml");
  EXPECT_EQ(media_type_of("a.rss"), "application/rss+xml");
}

TEST(MediaTypesTest, CaseDoesNotMatter) {
  EXPECT_EQ(media_type_of("A.PNG"), "image/png");
  EXPECT_EQ(media_type_of("A.HtMl"), "text/html;charset=utf-8");
}

TEST(MediaTypesTest, OnlyTheLastNameOfAPathCounts) {
  EXPECT_EQ(media_type_of("/srv/a.png/b.css"), "text/css;charset=utf-8");
  EXPECT_EQ(media_type_of("/srv/a.png/b"), kUnknown);
  EXPECT_EQ(media_type_of("a.tar.gz"), "application/gzip");
}

TEST(MediaTypesTest, WhatNobodyKnowsIsBytes) {
  for (std::string_view name : {"", "/", "a", "png", "a.", "a.nobody", ".html", "/srv/.css", "a.pn",
                                "a.pngg", "a.bin", "a.a-very-long-extension-that-nobody-has"}) {
    EXPECT_EQ(media_type_of(name), kUnknown) << name;
  }
}

TEST(MediaTypesTest, EveryEntryIsFoundAndCanBeSent) {
  for (const MediaTypeOfExtension& entry : kMediaTypes) {
    EXPECT_EQ(media_type_of("x." + std::string(entry.extension)), entry.type);
    const std::string_view type = entry.type.substr(0, entry.type.find(';'));
    const size_t slash = type.find('/');
    ASSERT_NE(slash, type.npos) << type;
    EXPECT_TRUE(is_token(type.substr(0, slash)) && is_token(type.substr(slash + 1))) << type;
  }
}

}  // namespace
}  // namespace bao::http
