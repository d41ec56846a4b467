#include "error_page.h"

#include "server/error_page.h"
#include "values.h"

namespace bao::node {

namespace {

std::string request_line(const http::RequestHead& head) {
  std::string line(head.method());
  line.append(" ").append(head.target());
  return line.append(head.minor_version == 0 ? " HTTP/1.0" : " HTTP/1.1");
}

std::string text_property(napi_env env, napi_value object, const char* name) {
  napi_value value = property(env, object, name);
  return value == nullptr ? "" : to_text(env, value);
}

int number_property(napi_env env, napi_value object, const char* name) {
  napi_value value = property(env, object, name);
  return value == nullptr ? 0 : static_cast<int>(to_number(env, value));
}

std::vector<server::ErrorPageFrame> frames_of(napi_env env, napi_value description) {
  std::vector<server::ErrorPageFrame> frames;
  napi_value list = property(env, description, "frames");
  const uint32_t count = list == nullptr ? 0 : length(env, list);
  for (uint32_t i = 0; i < count; ++i) {
    napi_value value = element(env, list, i);
    server::ErrorPageFrame& frame = frames.emplace_back();
    frame.function = text_property(env, value, "function");
    frame.file = text_property(env, value, "file");
    frame.line = number_property(env, value, "line");
    frame.column = number_property(env, value, "column");
    frame.user_code = to_boolean(env, property(env, value, "user"));
    if (frame.user_code && frame.line > 0) {
      frame.source = trace::read_source_excerpt(frame.file, frame.line);
    }
  }
  return frames;
}

}  // namespace

std::string error_page(napi_env env, napi_value error, napi_value causes,
                       const http::RequestHead& head) {
  server::ErrorPageContent content;
  content.type = text_property(env, error, "type");
  content.message = text_property(env, error, "message");
  content.frames = frames_of(env, error);
  for (uint32_t i = 0; i < length(env, causes); ++i) {
    napi_value cause = element(env, causes, i);
    content.causes.push_back({.type = text_property(env, cause, "type"),
                              .message = text_property(env, cause, "message"),
                              .frames = frames_of(env, cause)});
  }
  content.request_line = request_line(head);
  for (size_t i = 0; i < head.field_count(); ++i) {
    content.request_fields.emplace_back(head.field_name(i), head.field_value(i));
  }
  return server::render_error_page(content);
}

std::string no_response_page(const http::RequestHead& head) {
  return server::render_no_response_page(request_line(head));
}

}  // namespace bao::node
