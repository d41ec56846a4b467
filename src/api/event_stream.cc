#include <algorithm>
#include <stdexcept>

#include <bao/event_stream.h>
#include <bao/request.h>

namespace bao {

namespace {

void refuse_line_ends(const char* what, std::string_view text, std::string_view refused) {
  if (text.find_first_of(refused) == text.npos) return;
  throw std::invalid_argument(std::string("The ") + what +
                              " of an event holds an end of line or NUL: it must be one line");
}

// One line of the field for each of the text: they end with CRLF, LF or CR.
void append_lines(std::string& to, std::string_view field, std::string_view text) {
  for (;;) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    to.append(field).append(text.substr(0, end)).append("\n");
    if (end == text.size()) return;
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
}

}  // namespace

Event& Event::type(std::string type) & {
  refuse_line_ends("type", type, std::string_view("\r\n\0", 3));
  type_ = std::move(type);
  return *this;
}

Event& Event::id(std::string id) & {
  refuse_line_ends("id", id, std::string_view("\r\n\0", 3));
  id_ = std::move(id);
  return *this;
}

Event& Event::retry(std::chrono::milliseconds delay) & {
  if (delay.count() < 0) {
    throw std::invalid_argument("The retry of an event is " + std::to_string(delay.count()) +
                                " ms: give a duration that is not negative");
  }
  retry_ = delay;
  return *this;
}

std::string Event::to_string() const {
  std::string text;
  if (!type_.empty()) text.append("event: ").append(type_).append("\n");
  if (id_) text.append("id: ").append(*id_).append("\n");
  if (retry_) text.append("retry: ").append(std::to_string(retry_->count())).append("\n");
  append_lines(text, "data: ", data_);
  return text += '\n';
}

EventStream::EventStream(Writer& out, std::chrono::milliseconds keep_alive)
    // Whatever was written just behind a look is half as old at the next.
    : out_(out), timer_(every(keep_alive / 2, [this] { on_timer(); })) {
  // The request keeps the loop alive.
  timer_.unref();
}

Writer::Write EventStream::comment(std::string_view text) {
  std::string lines;
  append_lines(lines, ": ", text);
  return write(lines += '\n');
}

Writer::Write EventStream::write(std::string_view text) {
  written_ = true;
  last_.emplace(out_.write(text));
  return *last_;
}

// A client that is behind has something to receive already.
void EventStream::on_timer() {
  const bool behind = last_ && !last_->await_ready();
  if (!std::exchange(written_, false) && !behind && !client_gone()) out_.write(":\n\n");
}

Response event_stream(EventProducer produce, std::chrono::milliseconds keep_alive) {
  if (!produce) {
    throw std::invalid_argument(
        "bao::event_stream without a producer: give a callable that takes (bao::EventStream&)");
  }
  if (keep_alive.count() < 1) {
    throw std::invalid_argument("bao::event_stream with a keep_alive of " +
                                std::to_string(keep_alive.count()) + " ms: give at least 1 ms");
  }
  return Response::stream([produce = std::move(produce), keep_alive](Writer& out) -> Task<> {
           EventStream events(out, keep_alive);
           co_await produce(events);
         })
      .set("Content-Type", "text/event-stream")
      .set("Cache-Control", "no-store");
}

std::optional<std::string> last_event_id(const Request& request) {
  const auto id = request.field("last-event-id");
  if (!id) return std::nullopt;
  return std::string(*id);
}

}  // namespace bao
