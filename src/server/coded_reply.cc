#include "server/coded_reply.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "content_coding/encoder.h"
#include "http/status.h"
#include "net/read_at.h"
#include "server/exchange.h"
#include "server/server.h"

namespace bao::server {

namespace {

using content_coding::After;
using content_coding::Effort;
using content_coding::Encoder;

// What is encoded at a time, and before others have their turn on the loop.
constexpr size_t kPiece = 32 * 1024;
constexpr size_t kBurst = 128 * 1024;

/// Encodes what is written to one exchange.
class CodedStream final : public http::ReplyFilter {
 public:
  CodedStream(http::Coding coding, std::optional<uint64_t> length, After after_piece)
      : encoder_(Encoder::make(coding, Effort::each_time, length)),
        left_(length),
        after_piece_(after_piece) {}

  // Only one reply goes out.
  void send_reply(http::Exchange& exchange, http::Stream& stream,
                  const http::Reply& reply) override {
    stream.send_reply(exchange, reply);
  }

  // More than was declared is an error, as it is without a coding.
  bool send_content(http::Exchange& exchange, http::Stream& stream,
                    std::string_view piece) override {
    if (piece.empty()) return true;
    if (left_) {
      if (piece.size() > *left_) {
        stream.abort(exchange);
        return false;
      }
      *left_ -= piece.size();
    }
    std::string encoded;
    encoder_->encode(piece, after_piece_, encoded);
    return encoded.empty() || stream.send_content(exchange, encoded);
  }

  void end_content(http::Exchange& exchange, http::Stream& stream,
                   const Fields* trailers) override {
    if (left_ && *left_ > 0) return stream.abort(exchange);
    std::string encoded;
    encoder_->encode({}, After::end, encoded);
    if (!encoded.empty()) stream.send_content(exchange, encoded);
    if (exchange.stream() != nullptr) stream.end_content(exchange, trailers);
  }

 private:
  std::unique_ptr<Encoder> encoder_;
  std::optional<uint64_t> left_;
  const After after_piece_;
};

/// Writes content that is here to its exchange. Deletes itself when it is over.
class ContentPump final : public http::ExchangeObserver {
 public:
  ContentPump(Exchange& exchange, const http::Reply& reply) : exchange_(&exchange) {
    if (reply.file != nullptr) {
      file_ = std::move(*reply.file);
      left_ = file_.length;
      return;
    }
    left_ = reply.body.size();
    if (reply.body_shared != nullptr) {
      shared_ = *reply.body_shared;
    } else if (reply.body_text != nullptr) {
      shared_ = std::make_shared<const std::string>(std::move(*reply.body_text));
    } else {
      shared_ = std::make_shared<const std::string>(reply.body);
    }
  }

  void run() {
    const http::Reference<Exchange> keep = exchange_;
    for (size_t burst = 0; burst < kBurst && left_ > 0; burst += kPiece) {
      switch (write_piece()) {
        case http::Exchange::WriteResult::sent: break;
        case http::Exchange::WriteResult::behind: return;
        case http::Exchange::WriteResult::over: return;  // on_client_gone has ended this
      }
    }
    if (left_ > 0) return wait_a_turn();
    exchange_->set_observer(nullptr);
    exchange_->finish(nullptr);
    delete this;
  }

  // http::ExchangeObserver
  void on_body_complete(http::Exchange&) override {}
  void on_client_gone(http::Exchange& exchange) override {
    if (exchange.stream() != nullptr) return;
    exchange.set_observer(nullptr);
    delete this;
  }
  void on_drained(http::Exchange&) override { run(); }

 private:
  ~ContentPump() = default;

  http::Exchange::WriteResult write_piece() {
    const auto size = static_cast<size_t>(std::min<uint64_t>(left_, kPiece));
    if (shared_ != nullptr) {
      const std::string_view piece(shared_->data() + shared_->size() - left_, size);
      left_ -= size;
      return exchange_->write(piece);
    }
    std::array<char, kPiece> buffer;
    const uint64_t at = file_.offset + file_.length - left_;
    const ssize_t count = net::read_at(file_.file.get(), {buffer.data(), size}, at);
    if (count <= 0) {
      exchange_->abort();  // the file has become shorter
      return http::Exchange::WriteResult::over;
    }
    left_ -= static_cast<size_t>(count);
    return exchange_->write({buffer.data(), static_cast<size_t>(count)});
  }

  void wait_a_turn() {
    exchange_->server().loop().defer(net::Work([exchange = exchange_] {
      if (exchange->streaming()) exchange->on_drained();
    }));
  }

  http::Reference<Exchange> exchange_;
  std::shared_ptr<const std::string> shared_;
  http::FileContent file_;
  uint64_t left_ = 0;
};

}  // namespace

void send_coded(http::Exchange& exchange, http::Stream& stream, http::Coding coding,
                const http::Reply& reply, const Fields& fields) {
  const bool head_request = exchange.head.method_id == http::Method::head;
  const bool has_content = http::reply_has_content(reply.status, head_request);
  http::Reply coded = reply;
  coded.fields = &fields;
  coded.body = {};
  coded.body_text = nullptr;
  coded.body_shared = nullptr;
  coded.file = nullptr;
  coded.streamed = true;
  coded.length = std::nullopt;
  if (!has_content) return stream.send_reply(exchange, coded);
  if (reply.streamed) {
    exchange.filter_reply(std::make_unique<CodedStream>(coding, reply.length, After::flush));
    return stream.send_reply(exchange, coded);
  }
  coded.drops_body = true;
  const uint64_t size = reply.file != nullptr ? reply.file->length : reply.body.size();
  auto* pump = new ContentPump(static_cast<Exchange&>(exchange), reply);
  exchange.filter_reply(std::make_unique<CodedStream>(coding, size, After::more));
  exchange.stream_reply();
  exchange.set_observer(pump);
  stream.send_reply(exchange, coded);
  if (exchange.streaming()) pump->run();
}

}  // namespace bao::server
