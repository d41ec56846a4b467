#include "api/reply_stream.h"

#include <stdexcept>
#include <utility>

#include "http/trailers.h"
#include "server/error_page.h"
#include "server/server.h"

namespace bao {

namespace detail {

ReplyStream::ReplyStream(server::Exchange& exchange, const Response& response)
    : exchange_(&exchange),
      response_(response),
      writer_(*this),
      declared_(response.stream_length().value_or(kAnyLength)) {
  exchange.server().loop().add_resident(*this);
}

ReplyStream::~ReplyStream() {
  exchange_->server().loop().remove_resident(*this);
  if (exchange_->observer() == this) exchange_->set_observer(nullptr);
  if (frame_) frame_.destroy();
  exchange_->abort();  // does nothing if the content was finished
}

void ReplyStream::start(server::Exchange& exchange, const Response& response) {
  auto* stream = new ReplyStream(exchange, response);
  exchange.set_observer(stream);
  exchange.reply({.status = response.status(),
                  .fields = &response.fields(),
                  .content_type = response.default_content_type(),
                  .streamed = true,
                  .length = response.stream_length(),
                  .drops_body = true});
  if (exchange.streaming()) {
    stream->run(*stream->response_.producer());
  } else {
    delete stream;
  }
}

void ReplyStream::run(const Producer& produce) {
  try {
    frame_ = produce(writer_).release();
  } catch (...) {
    fail(std::current_exception());
    delete this;
    return;
  }
  frame_.promise().owner = this;
  frame_.promise().completed = [](void* owner) { static_cast<ReplyStream*>(owner)->on_done(); };
  frame_.resume();
}

void ReplyStream::on_done() {
  if (frame_.promise().error) {
    fail(frame_.promise().error);
  } else if (!gone() && declared_ != kAnyLength && written_ < declared_) {
    cut_for_length();
  } else {
    exchange_->finish(&trailers_);
  }
  delete this;
}

// The head is out, so no error page can be sent: the client learns of it by the reset.
void ReplyStream::fail(const std::exception_ptr& error) {
  if (gone()) return;
  try {
    std::rethrow_exception(error);
  } catch (const ClientGone&) {
    // The producer has taken the client's end for its going: there is nothing to tell.
  } catch (...) {
    exchange_->server().log(server::render_error_text(server::describe_exception(error)));
  }
  exchange_->abort();
}

// No client may take it for whole, and the program's author has to know why. Gives what was logged.
std::string ReplyStream::cut_for_length() {
  std::string line = "a streamed reply declared " + std::to_string(declared_) +
                     " bytes and wrote " + std::to_string(written_);
  exchange_->server().log(line);
  exchange_->abort();
  return line;
}

void ReplyStream::write(std::string_view piece) {
  if (gone()) return;
  written_ += piece.size();
  if (written_ > declared_) throw std::length_error(cut_for_length());
  behind_ = exchange_->write(piece) == http::Exchange::WriteResult::behind;
}

void ReplyStream::resume() {
  behind_ = false;
  if (waiting_) std::exchange(waiting_, nullptr).resume();
}

std::stop_token ReplyStream::stop_token() {
  if (!stop_source_) {
    stop_source_.emplace();
    if (exchange_->client_gone()) stop_source_->request_stop();
  }
  return stop_source_->get_token();
}

// A half-close fires the token and leaves the stream as it is: the client may still be reading.
// Only a connection that is gone ends it.
void ReplyStream::on_client_gone(http::Exchange&) {
  if (stop_source_) {
    // A callback may end the producer, and with it this stream and all tokens, while the request to
    // stop has not come to the others: the copies keep what it works on.
    const http::Reference<server::Exchange> exchange = exchange_;
    std::stop_source source = *stop_source_;
    source.request_stop();
    if (exchange->observer() != this) return;
  }
  if (gone()) resume();
}

void ReplyStream::on_drained(http::Exchange&) {
  resume();
}

}  // namespace detail

bool Writer::Write::await_ready() const {
  return !stream_.behind() || stream_.gone();
}
void Writer::Write::await_suspend(std::coroutine_handle<> waiting) const {
  stream_.wait(waiting);
}
void Writer::Write::await_resume() const {
  if (stream_.gone()) throw ClientGone("The client went away while a reply was streamed to it");
}

Writer::Write Writer::write(std::string_view piece) {
  stream_.write(piece);
  return Write(stream_);
}

void Writer::set_trailer(std::string_view name, std::string_view value) {
  if (!http::may_be_trailer(name)) {
    throw std::invalid_argument("Field \"" + std::string(name) +
                                "\" may not stand in a trailer: set it on the Response");
  }
  stream_.trailers().set(name, value);
}

bool Writer::client_gone() const {
  return stream_.gone();
}

std::stop_token Writer::stop_token() {
  return stream_.stop_token();
}

}  // namespace bao
