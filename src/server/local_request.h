#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <bao/fields.h>

#include "http/exchange.h"
#include "server/server.h"

namespace bao::server {

/// What a request without a socket came to.
struct LocalReply {
  int status = 0;  ///< 0: it was aborted
  Fields fields{};
  std::string body{};
  /// The content instead of `body`, if it is more than a mebibyte of a file.
  std::optional<http::FileContent> file{};
};

/// The bytes of a file's content, which are as many as it says; nullopt if the file has fewer of
/// them by now, or cannot be read. The kernel is asked here, on the caller's thread.
std::optional<std::string> read_content(const http::FileContent& content);

/// A request that the program makes to its own server's handlers, without a socket: it is checked
/// and dispatched like one from the wire, and its reply is handed back instead of sent.
class LocalRequest final : public http::Stream {
 public:
  /// Called once, on the loop's thread, perhaps before `start` returns.
  using Done = std::function<void(LocalReply)>;

  /// `target` is a path with an optional query, or an http URL. Host and Content-Length are added
  /// unless `fields` has them. A request that the protocol layer would refuse is answered with its
  /// error reply; one to a server that has stopped with a status of 0, as if it had been aborted.
  /// `number` is what Server::abort_local_request knows it by.
  static void start(Server& server, std::string_view method, std::string_view target,
                    const Fields& fields, std::string body, Done done, uint64_t number = 0);

  void send_reply(http::Exchange& exchange, const http::Reply& reply) override;
  bool send_content(http::Exchange& exchange, std::string_view piece) override;
  void end_content(http::Exchange& exchange, const Fields* trailers) override;
  void start_body(http::Exchange& exchange) override;
  void resume_body(http::Exchange&) override {}
  void drop_body(http::Exchange&) override {}
  void abort(http::Exchange& exchange) override;
  const net::PeerAddress& peer() const override { return peer_; }
  void set_idle_timeout(std::chrono::milliseconds) override {}
  std::optional<http::Upgraded> upgrade(http::Exchange&, std::string_view, const Fields&) override {
    return std::nullopt;
  }

  Exchange& exchange() const { return *exchange_; }
  uint64_t number() const { return number_; }

  // For the server's list of its local requests.
  LocalRequest* previous = nullptr;
  LocalRequest* next = nullptr;

 private:
  LocalRequest(Server& server, Done done, uint64_t number)
      : server_(&server), done_(std::move(done)), number_(number) {}

  void run(std::string_view head, std::string_view method, std::string_view target,
           std::string body);
  static bool take_file(http::FileContent& content, LocalReply& reply);
  void finish(LocalReply reply);

  http::Reference<Server> server_;
  http::Reference<Exchange> exchange_;
  Done done_;
  uint64_t number_;
  LocalReply reply_;  // of a streamed reply, while its content comes
  size_t burst_ = 0;  // of its content, since others had their turn
  net::PeerAddress peer_;
};

}  // namespace bao::server
