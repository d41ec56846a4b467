#include <stdexcept>
#include <system_error>
#include <utility>

#include <bao/response.h>

#include "http/date.h"
#include "http/displayed_text.h"
#include "server/file_reply.h"

namespace bao {

Response Response::buffered(const File& file) {
  server::FileText read;
  if (const std::error_code error =
          server::read_file(file.path(), {file.begin(), file.end()}, read)) {
    throw std::system_error(error, "The file " + http::quote(file.path()) + " cannot be read");
  }
  Response response = bytes(std::move(read.text));
  response.set("Content-Type", file.type());
  response.set("Last-Modified", http::format_date(read.modified));
  return response;
}

Response Response::html(std::string markup) {
  Response response;
  response.body_ = std::move(markup);
  response.type_ = Type::html;
  return response;
}

Response Response::bytes(std::string content) {
  Response response;
  response.body_ = std::move(content);
  return response;
}

Response Response::bytes(std::span<const std::byte> content) {
  return bytes(std::string(reinterpret_cast<const char*>(content.data()), content.size()));
}

Response Response::json_text(std::string text) {
  Response response;
  response.body_ = std::move(text);
  response.type_ = Type::json;
  return response;
}

Response Response::stream(Producer produce, std::optional<std::uint64_t> length) {
  if (!produce) {
    throw std::invalid_argument(
        "Response::stream without a producer: give a callable that takes (bao::Writer&)");
  }
  Response response;
  response.stream_ = std::make_shared<const Stream>(Stream{std::move(produce), length});
  return response;
}

Response Response::redirect(std::string_view location, int status) {
  if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
    throw std::invalid_argument("Response::redirect with status " + std::to_string(status) +
                                ": give 301, 302, 303, 307 or 308");
  }
  Response response;
  response.status_ = status;
  response.fields_.set("Location", location);
  return response;
}

Response Response::empty(int status) {
  Response response;
  response.status(status);
  return response;
}

Response& Response::status(int status) & {
  if (status < 200 || status > 599) {
    throw std::invalid_argument("Response status " + std::to_string(status) + ": give 200 to 599");
  }
  status_ = status;
  return *this;
}

std::string_view Response::default_content_type() const {
  switch (type_) {
    case Type::none: return "";
    case Type::text: return "text/plain;charset=utf-8";
    case Type::html: return "text/html;charset=utf-8";
    case Type::json: return "application/json;charset=utf-8";
  }
  return "";
}

}  // namespace bao
