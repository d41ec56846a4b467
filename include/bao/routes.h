#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <bao/directory.h>
#include <bao/file.h>
#include <bao/handler.h>
#include <bao/response.h>

namespace bao {

namespace detail {
/// Text, of which a Response is made. No more than these, because 0 and nullptr convert to
/// `const char*` as well.
template <typename T>
concept RouteText =
    std::same_as<std::decay_t<T>, const char*> || std::same_as<std::decay_t<T>, char*> ||
    std::same_as<std::decay_t<T>, std::string> || std::same_as<std::decay_t<T>, std::string_view>;
}  // namespace detail

/// What a route does for one method: runs a handler, or sends a response that was prepared once, at
/// start, or a file, which is opened at each request, or the files of a directory. Text stands for
/// a response of that text.
class MethodValue {
 public:
  /// Nothing: the method is not listed.
  MethodValue() = default;
  MethodValue(Response response) : value_(std::move(response)) {}
  template <detail::RouteText T>
  MethodValue(T&& text) : value_(Response(std::forward<T>(text))) {}
  MethodValue(File file) : value_(Response(std::move(file))) {}
  MethodValue(Directory directory) : value_(std::move(directory)) {}
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, MethodValue> &&
             !std::same_as<std::remove_cvref_t<F>, Response> &&
             !std::same_as<std::remove_cvref_t<F>, File> &&
             !std::same_as<std::remove_cvref_t<F>, Directory> && !detail::RouteText<F> &&
             std::constructible_from<Handler, F>)
  MethodValue(F&& f) : value_(Handler(std::forward<F>(f))) {}

  const std::variant<std::monostate, Handler, Response, Directory>& value() const { return value_; }

 private:
  std::variant<std::monostate, Handler, Response, Directory> value_;
};

/// A route by method. HEAD falls back to GET. A method that is not listed goes on to `fetch`;
/// without one it is answered with 405 and an `Allow` field.
struct methods {
  MethodValue get = {};
  MethodValue post = {};
  MethodValue put = {};
  MethodValue patch = {};
  MethodValue del = {};  ///< DELETE: `delete` is a keyword
  MethodValue head = {};
  MethodValue options = {};
};

/// What stands on a route: a handler, a Response, its text or a file for every method, a directory
/// for GET and HEAD, `methods{…}`, or `false`, which lets requests fall through to `fetch`.
class RouteValue {
 public:
  RouteValue(Response response) : value_(std::move(response)) {}
  template <detail::RouteText T>
  RouteValue(T&& text) : value_(Response(std::forward<T>(text))) {}
  RouteValue(File file) : value_(Response(std::move(file))) {}
  RouteValue(Directory directory) : value_(std::move(directory)) {}
  RouteValue(methods by_method) : value_(std::move(by_method)) {}
  RouteValue(std::same_as<bool> auto enabled) : value_(enabled) {}
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, RouteValue> &&
             !std::same_as<std::remove_cvref_t<F>, Response> &&
             !std::same_as<std::remove_cvref_t<F>, File> &&
             !std::same_as<std::remove_cvref_t<F>, Directory> &&
             !std::same_as<std::remove_cvref_t<F>, methods> &&
             !std::same_as<std::remove_cvref_t<F>, bool> && !detail::RouteText<F> &&
             std::constructible_from<Handler, F>)
  RouteValue(F&& f) : value_(Handler(std::forward<F>(f))) {}

  const std::variant<Handler, Response, Directory, methods, bool>& value() const { return value_; }

 private:
  std::variant<Handler, Response, Directory, methods, bool> value_;
};

/// A pattern and what stands there. Patterns begin with `/`; a segment `:name` matches any one
/// segment, a last segment
/// `*` all that follows. The most specific route wins: literal segments, then parameters, then `*`.
struct Route {
  std::string pattern;
  RouteValue value;
};

/// The routes of a server, in any order.
class Routes {
 public:
  Routes() = default;
  Routes(std::initializer_list<Route> routes) : routes_(routes) {}

  /// Adds a route, for programs that compute theirs.
  void add(std::string pattern, RouteValue value) {
    routes_.push_back({std::move(pattern), std::move(value)});
  }

  const std::vector<Route>& entries() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace bao
