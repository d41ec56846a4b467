#include "api/app.h"

#include <array>
#include <utility>

#include <bao/error.h>

#include "api/call.h"
#include "api/file_reply.h"
#include "routing/pattern.h"

namespace bao::detail {

namespace {

using Targets = std::vector<std::pair<http::Method, server::Target>>;

server::Target prepare(std::string_view pattern, const Response& response) {
  if (response.producer() != nullptr) {
    throw OptionError(
        pattern,
        "Route \"" + std::string(pattern) +
            "\" has a streamed Response, which cannot be prepared: give a handler that returns it");
  }
  if (const File* file = response.file()) return file_reply(*file, response);
  return server::PreparedReply(response.status(), response.fields(),
                               response.default_content_type(), response.body());
}

// The folder is opened here, so that a wrong path is told at once.
server::Target prepare(std::string_view pattern, const Directory& directory) {
  const DirectoryOptions& options = directory.options();
  try {
    return server::DirectoryReply(directory.path(), {.index = options.index,
                                                     .listing = options.listing,
                                                     .dot_files = options.dot_files,
                                                     .precompressed = options.precompressed,
                                                     .fields = options.fields});
  } catch (const std::exception& error) {
    throw OptionError(pattern, "Route \"" + std::string(pattern) + "\": " + error.what());
  }
}

Targets targets_of(App& app, std::string_view pattern, const methods& by_method) {
  const std::array<std::pair<http::Method, const MethodValue*>, 7> all{{
      {http::Method::get, &by_method.get},
      {http::Method::post, &by_method.post},
      {http::Method::put, &by_method.put},
      {http::Method::patch, &by_method.patch},
      {http::Method::delete_, &by_method.del},
      {http::Method::head, &by_method.head},
      {http::Method::options, &by_method.options},
  }};
  Targets targets;
  for (const auto& [method, value] : all) {
    if (const auto* handler = std::get_if<Handler>(&value->value())) {
      if (*handler) targets.emplace_back(method, app.add(*handler));
    } else if (const auto* response = std::get_if<Response>(&value->value())) {
      targets.emplace_back(method, prepare(pattern, *response));
    } else if (const auto* directory = std::get_if<Directory>(&value->value())) {
      targets.emplace_back(method, prepare(pattern, *directory));
    }
  }
  return targets;
}

void add_route(server::Table::Builder& builder, App& app, const Route& route) {
  auto refuse = [&](const std::string& sentence) {
    throw OptionError(route.pattern, "Route \"" + route.pattern + "\" " + sentence);
  };
  const auto& value = route.value.value();
  if (const auto* handler = std::get_if<Handler>(&value)) {
    if (!*handler)
      refuse("has an empty handler: give one, or false to let requests fall through to .fetch");
    builder.add(route.pattern, app.add(*handler));
  } else if (const auto* response = std::get_if<Response>(&value)) {
    builder.add(route.pattern, prepare(route.pattern, *response));
  } else if (const auto* directory = std::get_if<Directory>(&value)) {
    builder.add(route.pattern, prepare(route.pattern, *directory));
  } else if (const auto* by_method = std::get_if<methods>(&value)) {
    Targets targets = targets_of(app, route.pattern, *by_method);
    if (targets.empty())
      refuse("lists no method: set at least one of bao::methods, or remove the route");
    builder.add(route.pattern, std::move(targets));
  } else if (std::get<bool>(value)) {
    refuse(
        "is true: give a handler or a Response, or false to let requests fall through to .fetch");
  } else {
    builder.add(route.pattern, server::PassOn{});
  }
}

}  // namespace

App::App(Server server, ErrorHandler error, WebSocketOptions web_sockets, bool development)
    : server_(std::move(server)), error_(std::move(error)), web_sockets_(std::move(web_sockets)) {
  if (development) capture_.emplace();
}

server::HandlerId App::add(Handler handler) {
  handlers_.push_back(std::move(handler));
  return static_cast<server::HandlerId>(handlers_.size() - 1);
}

void App::limit_bodies(server::Table::Builder& builder) const {
  for (size_t id = 0; id < handlers_.size(); ++id) {
    if (const auto& most = handlers_[id].max_body()) {
      builder.set_body_limit(static_cast<server::HandlerId>(id), *most);
    }
  }
}

void App::on_request(server::Exchange& exchange, server::HandlerId id) {
  const Handler& handler = handlers_[id];
  if (handler.wants_body()) {
    exchange.head.own();
    (new Call(*this, exchange))->start_with_body(handler);
  } else if (handler.is_task()) {
    // The views that a coroutine takes out of its request must be good after it was suspended, too.
    exchange.head.own();
    (new Call(*this, exchange))->start(handler);
  } else {
    Call(*this, exchange).run(handler);
  }
}

http::Reference<server::Table> make_table(Server server, TableOptions options, bool development) {
  auto app = std::make_unique<App>(std::move(server), std::move(options.error),
                                   std::move(options.web_sockets), development);
  server::Table::Builder builder;
  for (const Route& route : options.routes.entries()) {
    try {
      add_route(builder, *app, route);
    } catch (const routing::PatternError& error) {
      throw OptionError(route.pattern, error.what());
    }
  }
  if (options.fetch) builder.set_fetch(app->add(std::move(options.fetch)));
  app->limit_bodies(builder);
  return std::move(builder).build(std::move(app));
}

}  // namespace bao::detail
