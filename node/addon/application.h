#pragma once

#include <cstdint>
#include <vector>

#include "environment.h"
#include "server/application.h"

namespace bao::node {

/// The handlers of a table, which are JavaScript's: ids are numbers of handlers there.
class Application final : public server::Application {
 public:
  /// `table` is JavaScript's number, told back when nothing uses it any more.
  Application(Environment& environment, double table) : environment_(environment), table_(table) {}
  ~Application() override { environment_.table_ended(table_); }

  void on_request(server::Exchange& exchange, server::HandlerId id) override {
    environment_.dispatch(exchange, id);
  }

 private:
  Environment& environment_;
  double table_;
};

}  // namespace bao::node
