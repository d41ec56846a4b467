#include "http/compressible.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace bao::http {
namespace {

TEST(Compressible, TextIs) {
  for (std::string_view type :
       {"text/plain", "text/html;charset=utf-8", "text/event-stream", "application/json",
        "application/json;charset=utf-8", "application/javascript", "application/xml",
        "application/wasm", "image/svg+xml", "application/ld+json", "application/problem+json",
        "application/atom+xml", "font/ttf", "image/bmp", "application/x-yaml"}) {
    EXPECT_TRUE(is_compressible(type)) << type;
  }
}

TEST(Compressible, WhatIsCompressedIsNot) {
  for (std::string_view type :
       {"image/png", "image/jpeg", "image/webp", "video/mp4", "audio/mpeg", "application/zip",
        "application/gzip", "application/zstd", "font/woff2", "font/woff", "application/pdf"}) {
    EXPECT_FALSE(is_compressible(type)) << type;
  }
}

TEST(Compressible, WhatNobodyKnowsIsNot) {
  for (std::string_view type : {"", ";", "application/octet-stream", "x", "texty/plain",
                                "multipart/byteranges", "application/"}) {
    EXPECT_FALSE(is_compressible(type)) << type;
  }
  EXPECT_FALSE(is_compressible("application/" + std::string(200, 'a') + "+json"));
}

// RFC 9110 section 8.3.1
TEST(Compressible, CaseAndParametersDoNotMatter) {
  EXPECT_TRUE(is_compressible("TEXT/HTML; Charset=utf-8"));
  EXPECT_TRUE(is_compressible("Application/JSON ;a=b"));
  EXPECT_TRUE(is_compressible(" text/plain "));
}

}  // namespace
}  // namespace bao::http
