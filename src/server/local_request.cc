#include "server/local_request.h"

#include <algorithm>
#include <span>
#include <utility>

#include "http/status.h"
#include "http1/request_rules.h"
#include "net/read_at.h"

namespace bao::server {

namespace {
// What is kept of a streamed reply, whose producer may have no end.
constexpr size_t kMostContent = 128 << 20;
// What is read of a file before anybody asks for it.
constexpr size_t kReadAtOnce = 1 << 20;
// After so much content others have their turn on the loop.
constexpr size_t kBurst = 1 << 20;
}  // namespace

std::optional<std::string> read_content(const http::FileContent& content) {
  std::string bytes(static_cast<size_t>(content.length), '\0');
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t count =
        net::read_at(content.file.get(), std::span(bytes).subspan(at), content.offset + at);
    if (count <= 0) return std::nullopt;
    at += static_cast<size_t>(count);
  }
  return bytes;
}

void LocalRequest::start(Server& server, std::string_view method, std::string_view target,
                         const Fields& fields, std::string body, Done done, uint64_t number) {
  // With its table a stopped server has given up what could answer.
  if (server.state() == Server::State::stopped) return done({});
  std::string head;
  head.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  if (!fields.has("Host")) head.append("Host: ").append(server.authority()).append("\r\n");
  if (!body.empty() && !fields.has("Content-Length")) {
    head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  head.append(fields.lines()).append("\r\n");
  // Deletes itself in finish(), which comes exactly once.
  auto* request = new LocalRequest(server, std::move(done), number);
  request->run(head, method, target, std::move(body));
}

void LocalRequest::run(std::string_view head, std::string_view method, std::string_view target,
                       std::string body) {
  exchange_ = http::Reference<Exchange>(&server_->make_exchange());
  server_->begin_local_request(*this);
  http1::RequestParser parser;
  const http1::HeadLimits limits{static_cast<uint32_t>(server_->settings().max_head_size),
                                 static_cast<uint32_t>(server_->settings().max_head_fields)};
  http1::Refusal refusal;
  if (parser.parse(head, limits, exchange_->head) != http1::ParseStatus::complete) {
    refusal = parser.refusal()
                  ? parser.refusal()
                  : http1::Refusal{400, "the method, the target or a field is malformed"};
  } else if (parser.head_size() != head.size() || exchange_->head.method() != method ||
             exchange_->head.target() != target) {
    refusal = {400, "the method or the target holds an end of line"};
  } else {
    refusal = http1::apply_request_rules(exchange_->head, server_->secure());
  }
  if (!refusal && !exchange_->head.chunked && exchange_->head.content_length != body.size()) {
    refusal = {400, "Content-Length is not the length of the body"};
  }
  if (!refusal &&
      body.size() > std::max(server_->settings().max_request_body_size, server_->largest_body())) {
    refusal = {413, "the body is larger than this server takes"};
  }
  if (refusal) return finish({.status = refusal.status, .body = std::string(refusal.reason)});
  exchange_->head.own();
  exchange_->body_limit = server_->settings().max_request_body_size;
  exchange_->body() = std::move(body);
  exchange_->attach(*this);
  http::Reference<Exchange> keep = exchange_;
  server_->on_request(*keep);
}

void LocalRequest::start_body(http::Exchange& exchange) {
  if (exchange.decodes_body()) exchange.deliver_body(std::exchange(exchange.body(), {}));
  exchange.end_body();
}

void LocalRequest::send_reply(http::Exchange& exchange, const http::Reply& reply) {
  LocalReply result{.status = reply.status};
  if (reply.fields != nullptr) result.fields = *reply.fields;
  if (!reply.content_type.empty() && !result.fields.has("Content-Type")) {
    result.fields.set("Content-Type", reply.content_type);
  }
  if (exchange.added_fields != nullptr) {
    for (auto [name, value] : *exchange.added_fields) result.fields.append(name, value);
  }
  const bool head_request = exchange.head.method_id == http::Method::head;
  if (http::reply_has_content(reply.status, head_request)) {
    if (reply.file != nullptr && !take_file(*reply.file, result)) return abort(exchange);
    if (reply.file == nullptr) result.body = reply.body;
  }
  if (exchange.streaming()) {
    reply_ = std::move(result);
    return;
  }
  exchange.detach();
  finish(std::move(result));
}

// False if the file is shorter than the reply says.
bool LocalRequest::take_file(http::FileContent& content, LocalReply& reply) {
  if (content.length > kReadAtOnce) {
    reply.file = std::move(content);
    return true;
  }
  auto bytes = read_content(content);
  if (bytes) reply.body = std::move(*bytes);
  return bytes.has_value();
}

bool LocalRequest::send_content(http::Exchange& exchange, std::string_view piece) {
  if (reply_.body.size() + piece.size() > kMostContent) {
    abort(exchange);
    return false;
  }
  reply_.body.append(piece);
  burst_ += piece.size();
  if (burst_ < kBurst) return true;
  burst_ = 0;
  server_->loop().defer(net::Work([keep = http::Reference<http::Exchange>(&exchange)] {
    if (keep->streaming()) keep->on_drained();
  }));
  return false;
}

void LocalRequest::end_content(http::Exchange& exchange, const Fields*) {
  exchange.detach();
  finish(std::move(reply_));
}

void LocalRequest::abort(http::Exchange& exchange) {
  exchange.cut(http::Failure::aborted);
  finish({});
}

void LocalRequest::finish(LocalReply reply) {
  server_->end_local_request(*this);
  exchange_ = {};
  Done done = std::move(done_);
  delete this;
  done(std::move(reply));
}

}  // namespace bao::server
