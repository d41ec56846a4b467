#pragma once

#include <string_view>

namespace bao::bench {

/// What a load generator sends.
inline constexpr std::string_view kPlainHead =
    "GET /users/42 HTTP/1.1\r\n"
    "Host: localhost\r\n"
    "\r\n";

/// What a browser sends.
inline constexpr std::string_view kBrowserHead =
    "GET /users/42?tab=posts HTTP/1.1\r\n"
    "Host: localhost:3000\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\", \"Google Chrome\";v=\"140\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Accept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/"
    "*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=7d3f1c0a9b5e48c2a1d6; theme=dark\r\n"
    "\r\n";

}  // namespace bao::bench
