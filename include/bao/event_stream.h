#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <bao/loop.h>
#include <bao/response.h>
#include <bao/task.h>
#include <bao/writer.h>

namespace bao {

class Request;

/// A server-sent event (HTML, "server-sent events"). A plain value.
///
///     bao::Event("data").type("price").id("17")
class Event {
 public:
  /// `data` may have several lines, ended by LF, CR or both; the client sees LF.
  explicit Event(std::string data) : data_(std::move(data)) {}

  /// What the page listens for, `message` unless told. Throws std::invalid_argument if it holds an
  /// end of line.
  Event& type(std::string type) &;
  Event&& type(std::string type) && { return std::move(this->type(std::move(type))); }
  /// What the client says in `Last-Event-ID` when it comes back. Throws std::invalid_argument if it
  /// holds an end of line or NUL.
  Event& id(std::string id) &;
  Event&& id(std::string id) && { return std::move(this->id(std::move(id))); }
  /// How long the client waits before it comes back, in whole milliseconds.
  Event& retry(std::chrono::milliseconds delay) &;
  Event&& retry(std::chrono::milliseconds delay) && { return std::move(this->retry(delay)); }

  /// As it is sent, with the empty line at its end.
  std::string to_string() const;

 private:
  std::string data_;
  std::string type_;
  std::optional<std::string> id_;
  std::optional<std::chrono::milliseconds> retry_;
};

/// Where the events of a reply are written; see `event_stream`. Good while the producer runs. Only
/// on the loop's thread.
class EventStream {
 public:
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream() { timer_.cancel(); }

  /// Sends an event at once, as far as the client takes it. The await suspends while the client is
  /// far behind, and throws ClientGone if it has gone.
  Writer::Write send(const Event& event) { return write(event.to_string()); }
  Writer::Write send(std::string data) { return send(Event(std::move(data))); }
  /// Sends a comment, which no page sees.
  Writer::Write comment(std::string_view text);

  /// As those of Writer: for producers that wait for something else than the client.
  bool client_gone() const { return out_.client_gone(); }
  std::stop_token stop_token() { return out_.stop_token(); }

  /// For the engine.
  EventStream(Writer& out, std::chrono::milliseconds keep_alive);

 private:
  Writer::Write write(std::string_view text);
  void on_timer();

  Writer& out_;
  std::optional<Writer::Write> last_;
  bool written_ = false;  // since the timer was looked at
  Timer timer_;
};

/// Produces events. Copies share the callable, which lives until the reply is finished.
using EventProducer = std::function<Task<void>(EventStream&)>;

/// A reply of type `text/event-stream` that is not cached, with the events that `produce` sends:
///
///     bao::event_stream([](bao::EventStream& events) -> bao::Task<> {
///       for (int i = 1;; ++i) {
///         co_await events.send(std::to_string(i));
///         co_await bao::sleep(1s);
///       }
///     })
///
/// Before the reply was silent for `keep_alive`, at least 1 ms, an empty comment is sent, so that
/// neither the server's `.idle_timeout`, which must be longer, nor a proxy takes the silence for an
/// end, and a client that is gone is noticed. 5 s are half of the usual timeout.
/// Else as Response::stream: the producer runs after the handler has returned, and a page that
/// lost its connection comes back by itself, also behind an end.
Response event_stream(EventProducer produce,
                      std::chrono::milliseconds keep_alive = std::chrono::seconds(5));

/// The id of the last event that a client has seen which comes back; none if it is new.
std::optional<std::string> last_event_id(const Request& request);

}  // namespace bao
