#include "server/exchange.h"

#include "http/percent.h"
#include "server/server.h"

namespace bao::server {

std::optional<std::string> Exchange::parameter(std::string_view name) const {
  if (!matched) return std::nullopt;
  // The head's bytes may have moved since the match.
  routing::Match here = match;
  here.rebase(head.path().data());
  auto value = here.find(name);
  if (!value) return std::nullopt;
  return http::percent_decode_utf8(*value);
}

std::string Exchange::url() const {
  std::string_view target = head.target();
  if (target[0] != '/' && target != "*") return std::string(target);
  std::string_view authority = head.authority();
  if (authority.empty()) authority = server_.authority();
  std::string url(server_.scheme());
  url.append("://").append(authority);
  url.append(target == "*" ? std::string_view("/") : target);
  return url;
}

void Exchange::recycle() {
  clear();
  matched = false;
  // The last exchange of a table may take the application with it, which may hold the server.
  table = {};
  server_.recycle(*this);
}

}  // namespace bao::server
