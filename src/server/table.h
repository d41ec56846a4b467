#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "http/reference.h"
#include "http/request_head.h"
#include "routing/router.h"
#include "server/application.h"
#include "server/directory_reply.h"
#include "server/file_reply.h"
#include "server/prepared_reply.h"

namespace bao::server {

class Compression;
class Exchange;

/// What answers on a route: a handler, a prepared reply, a file, the files of a directory, or
/// nobody: the request then goes on to `fetch`, as it does if the file is not there.
struct PassOn {};
using Target = std::variant<PassOn, HandlerId, PreparedReply, FileReply, DirectoryReply>;

/// The routes and handlers of a server, immutable: `reload` replaces the whole table, and each
/// exchange holds a reference to the one that it began with, so that what runs for it stays alive
/// until it ends. One thread's.
class Table {
 public:
  class Builder;

  /// Answers the exchange, whose table must be this one, or has the application answer it: by the
  /// most specific route, else by `fetch`, else with 404; with 405 and Allow if the route does not
  /// list the method (RFC 9110 section 15.5.6) and there is no `fetch`.
  void dispatch(Exchange& exchange) const;

  /// Who handles WebSockets; null if nobody does.
  WebSocketHandler* web_sockets() const { return application_->web_sockets(); }
  /// Who is told of connections; null if nobody is.
  ConnectionHandler* connections() const { return application_->connections(); }
  /// Encodes the bodies of prepared replies, before the table answers anything.
  void compress(const Compression& compression);
  /// The most bytes that the body of a request may have whose handler has a limit of its own; 0 if
  /// none has.
  uint64_t largest_body() const { return largest_body_; }

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) delete this;
  }

 private:
  /// One pattern: a target for any method, or targets by method.
  struct Route {
    std::vector<Target> targets;         // in the order in which they were given
    std::array<int8_t, 10> by_method{};  // http::Method -> index in targets, -1: not listed
    int8_t any = -1;                     // index in targets: whatever the method
    std::string allow;                   // the value of Allow for the others

    const Target* find(http::Method method) const;
  };

  Table() = default;

  void run(const Target& target, Exchange& exchange) const;
  void call(HandlerId id, Exchange& exchange) const;
  bool send(const FileReply& file, Exchange& exchange) const;
  bool send(const DirectoryReply& directory, Exchange& exchange) const;
  void fall_through(Exchange& exchange, const Route* route) const;

  uint32_t references_ = 0;
  routing::Router router_;
  std::vector<Route> routes_;
  bool has_fetch_ = false;
  HandlerId fetch_ = 0;
  std::unordered_map<HandlerId, uint64_t> body_limits_;  // of handlers that have their own
  uint64_t largest_body_ = 0;
  std::unique_ptr<Application> application_;
};

/// Gathers routes and makes a table of them.
class Table::Builder {
 public:
  Builder();
  ~Builder();

  /// Whatever the method; a directory by GET and HEAD. Throws routing::PatternError (what is wrong
  /// with the pattern, and the mend): that of a directory ends in `/*`.
  void add(std::string_view pattern, Target target);
  /// By method; those that are not listed are answered by `fetch` or 405. HEAD falls back to GET.
  void add(std::string_view pattern, std::vector<std::pair<http::Method, Target>> targets);
  /// The handler for whatever no route answers.
  void set_fetch(HandlerId id);
  /// Bodies of requests to that handler may have so many bytes, whatever the server's limit is.
  void set_body_limit(HandlerId id, uint64_t bytes);

  /// The table takes the application, whose handlers the ids name.
  http::Reference<Table> build(std::unique_ptr<Application> application) &&;

 private:
  std::unique_ptr<Table> table_;
  routing::Router::Builder router_;
};

}  // namespace bao::server
