#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "server/application.h"
#include "server/local_request.h"
#include "server/server.h"
#include "server/settings.h"
#include "server/table.h"

// A server on a loop of its own, with an application that a test makes of functions: the seam that
// every face uses, without a face.
namespace bao::server::testing {

using Function = std::function<void(Exchange&)>;

/// Runs functions. An id is the number of the function, in the order in which they were added.
class FunctionApplication final : public Application {
 public:
  HandlerId add(Function function) {
    functions_.push_back(std::move(function));
    return static_cast<HandlerId>(functions_.size() - 1);
  }
  void on_request(Exchange& exchange, HandlerId id) override { functions_.at(id)(exchange); }

 private:
  std::vector<Function> functions_;
};

/// Builds a table with such an application.
class TableMaker {
 public:
  TableMaker& route(std::string_view pattern, Function function) {
    builder_.add(pattern, application_->add(std::move(function)));
    return *this;
  }
  TableMaker& prepared(std::string_view pattern, PreparedReply reply) {
    builder_.add(pattern, std::move(reply));
    return *this;
  }
  TableMaker& pass_on(std::string_view pattern) {
    builder_.add(pattern, PassOn{});
    return *this;
  }
  TableMaker& methods(std::string_view pattern,
                      std::vector<std::pair<http::Method, Target>> targets) {
    builder_.add(pattern, std::move(targets));
    return *this;
  }
  TableMaker& fetch(Function function) {
    builder_.set_fetch(application_->add(std::move(function)));
    return *this;
  }
  HandlerId handler(Function function) { return application_->add(std::move(function)); }
  /// Destroyed with the table.
  TableMaker& keep(std::shared_ptr<void> something) {
    application_->add([something = std::move(something)](Exchange&) {});
    return *this;
  }
  http::Reference<Table> make() { return std::move(builder_).build(std::move(application_)); }

 private:
  Table::Builder builder_;
  std::unique_ptr<FunctionApplication> application_ = std::make_unique<FunctionApplication>();
};

/// A function that answers 200 with that text.
inline Function says(std::string text) {
  return [text = std::move(text)](Exchange& exchange) { exchange.reply({.body = text}); };
}

inline Settings loopback() {
  Settings settings;
  settings.port = 0;
  settings.hostname = "127.0.0.1";
  settings.development = false;
  settings.id = "test";
  settings.log = [](std::string_view) {};
  return settings;
}

/// The loop and a server on it.
struct World {
  explicit World(http::Reference<Table> table, Settings settings = loopback())
      : server(Server::start(loop, std::move(settings), std::move(table))) {}

  bool turn_until(const std::function<bool()>& done) {
    auto deadline = net::Clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (net::Clock::now() > deadline) return false;
      loop.turn(std::chrono::milliseconds(5));
    }
    return true;
  }

  /// A request without a socket; its reply if the handler replied at once.
  std::optional<LocalReply> request(std::string_view method, std::string_view target,
                                    const Fields& fields = {}, std::string body = {}) {
    auto shared = std::make_shared<std::optional<LocalReply>>();
    LocalRequest::start(*server, method, target, fields, std::move(body),
                        [shared](LocalReply reply) { *shared = std::move(reply); });
    return std::move(*shared);
  }

  net::Loop loop;
  http::Reference<Server> server;
};

}  // namespace bao::server::testing
