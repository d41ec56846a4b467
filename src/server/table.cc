#include "server/table.h"

#include <algorithm>
#include <utility>

#include "routing/pattern.h"
#include "server/exchange.h"
#include "server/server.h"

namespace bao::server {

namespace {

constexpr std::string_view method_name(http::Method method) {
  switch (method) {
    case http::Method::get: return "GET";
    case http::Method::head: return "HEAD";
    case http::Method::post: return "POST";
    case http::Method::put: return "PUT";
    case http::Method::delete_: return "DELETE";
    case http::Method::connect: return "CONNECT";
    case http::Method::options: return "OPTIONS";
    case http::Method::trace: return "TRACE";
    case http::Method::patch: return "PATCH";
    case http::Method::other: break;
  }
  return "";
}

// What a server without a handler for `OPTIONS *` says of itself (RFC 9110 section 9.3.7).
constexpr std::string_view kServerMethods = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS";

// False if the file is not there, or not for us. Who is out of descriptors must not say so.
bool tell_failure(Exchange& exchange, std::error_code error, const std::string& file) {
  if (!is_failure_of_machine(error)) return false;
  exchange.server().log(file + " cannot be sent: " + error.message());
  exchange.reply({.status = 500});
  return true;
}

void check_pattern(std::string_view pattern, const Target& target) {
  if (!std::holds_alternative<DirectoryReply>(target) || pattern.ends_with("/*")) return;
  throw routing::PatternError("route pattern " + routing::quote_pattern(pattern) +
                              ": the rest of the path says which file of a directory is meant, "
                              "let the pattern end in /*");
}

}  // namespace

const Target* Table::Route::find(http::Method method) const {
  if (any >= 0) return &targets[static_cast<size_t>(any)];
  int8_t index = by_method[static_cast<size_t>(method)];
  return index < 0 ? nullptr : &targets[static_cast<size_t>(index)];
}

// A route that does not list the method leaves the request to the next less specific one, as in
// Bun: `GET /a/:x` and
// `/*` together answer `PUT /a/1` from `/*`.
void Table::dispatch(Exchange& exchange) const {
  const std::string_view path = exchange.head.path();
  const Route* first = nullptr;
  for (bool found = router_.match(path, exchange.match); found;
       found = router_.next_match(path, exchange.match)) {
    const Route& route = routes_[exchange.match.route()];
    if (const Target* target = route.find(exchange.head.method_id)) {
      exchange.matched = true;
      return run(*target, exchange);
    }
    if (first == nullptr) first = &route;
  }
  fall_through(exchange, first);
}

void Table::run(const Target& target, Exchange& exchange) const {
  if (const auto* prepared = std::get_if<PreparedReply>(&target)) {
    return prepared->send(exchange, exchange.server().loop().wall_time());
  }
  if (const auto* id = std::get_if<HandlerId>(&target)) {
    return call(*id, exchange);
  }
  const auto* file = std::get_if<FileReply>(&target);
  if (file != nullptr && send(*file, exchange)) return;
  const auto* directory = std::get_if<DirectoryReply>(&target);
  if (directory != nullptr) {
    if (send(*directory, exchange)) return;
    if (!directory->falls_through()) {
      exchange.reply({.status = 404});
      return;
    }
  }
  exchange.matched = false;
  fall_through(exchange, nullptr);
}

// Where handlers have limits of their own, bodies beyond the server's come as far as here.
void Table::call(HandlerId id, Exchange& exchange) const {
  if (!body_limits_.empty()) {
    const auto own = body_limits_.find(id);
    if (own != body_limits_.end()) exchange.body_limit = own->second;
    if (!exchange.head.chunked && exchange.head.content_length > exchange.body_limit) {
      exchange.reply({.status = 413,
                      .content_type = "text/plain;charset=utf-8",
                      .body = "the body is larger than this server takes here\n",
                      .close = true});
      return;
    }
  }
  application_->on_request(exchange, id);
}

bool Table::send(const FileReply& file, Exchange& exchange) const {
  const std::error_code error = send_file(exchange, file);
  return !error || tell_failure(exchange, error, "The file \"" + file.path + "\"");
}

bool Table::send(const DirectoryReply& directory, Exchange& exchange) const {
  const std::error_code error =
      directory.send(exchange, exchange.match.find("*").value_or(std::string_view()));
  return !error ||
         tell_failure(exchange, error, "A file of the directory \"" + directory.path() + "\"");
}

// `route`: the most specific one that matched the path but does not list the method.
void Table::fall_through(Exchange& exchange, const Route* route) const {
  if (has_fetch_) return call(fetch_, exchange);
  if (route != nullptr) {
    const Fields fields{{"Allow", route->allow}};
    exchange.reply({.status = 405, .fields = &fields});
  } else if (exchange.head.path() == "*") {
    const Fields fields{{"Allow", kServerMethods}};
    exchange.reply({.status = 204, .fields = &fields});
  } else {
    exchange.reply({.status = 404});
  }
}

void Table::compress(const Compression& compression) {
  for (Route& route : routes_) {
    for (Target& target : route.targets) {
      if (auto* prepared = std::get_if<PreparedReply>(&target)) prepared->compress(compression);
    }
  }
}

Table::Builder::Builder() : table_(new Table) {}
Table::Builder::~Builder() = default;

void Table::Builder::add(std::string_view pattern, Target target) {
  if (std::holds_alternative<DirectoryReply>(target)) {
    std::vector<std::pair<http::Method, Target>> targets;
    targets.emplace_back(http::Method::get, std::move(target));
    return add(pattern, std::move(targets));
  }
  router_.add(pattern, static_cast<uint32_t>(table_->routes_.size()));
  Route& route = table_->routes_.emplace_back();
  route.targets.push_back(std::move(target));
  route.any = 0;
}

void Table::Builder::add(std::string_view pattern,
                         std::vector<std::pair<http::Method, Target>> targets) {
  for (const auto& [method, target] : targets) check_pattern(pattern, target);
  router_.add(pattern, static_cast<uint32_t>(table_->routes_.size()));
  Route& route = table_->routes_.emplace_back();
  route.by_method.fill(-1);
  for (auto& [method, target] : targets) {
    route.by_method[static_cast<size_t>(method)] = static_cast<int8_t>(route.targets.size());
    route.targets.push_back(std::move(target));
    if (!route.allow.empty()) route.allow += ", ";
    route.allow += method_name(method);
  }
  int8_t& head = route.by_method[static_cast<size_t>(http::Method::head)];
  const int8_t get = route.by_method[static_cast<size_t>(http::Method::get)];
  if (head < 0 && get >= 0) {
    head = get;
    route.allow += ", HEAD";
  }
}

void Table::Builder::set_fetch(HandlerId id) {
  table_->has_fetch_ = true;
  table_->fetch_ = id;
}

void Table::Builder::set_body_limit(HandlerId id, uint64_t bytes) {
  table_->body_limits_[id] = bytes;
  table_->largest_body_ = std::max(table_->largest_body_, bytes);
}

http::Reference<Table> Table::Builder::build(std::unique_ptr<Application> application) && {
  table_->router_ = std::move(router_).build();
  table_->application_ = std::move(application);
  return http::Reference<Table>(table_.release());
}

}  // namespace bao::server
