#include <chrono>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>

#include <bao/bao.h>

#include "api/served.h"

namespace bao {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::Served;

const std::string kGet = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";

// HTML, "server-sent events": parsing an event stream
TEST(Event, IsWrittenByItsFields) {
  EXPECT_EQ(Event("x").to_string(), "data: x\n\n");
  EXPECT_EQ(Event("").to_string(), "data: \n\n");
  EXPECT_EQ(Event("x").type("price").id("17").retry(1500ms).to_string(),
            "event: price\nid: 17\nretry: 1500\ndata: x\n\n");
  EXPECT_EQ(Event("x").id("").to_string(), "id: \ndata: x\n\n") << "which forgets the last id";
}

TEST(Event, HasALineForEachLineOfItsData) {
  EXPECT_EQ(Event("a\nb\r\nc\rd").to_string(), "data: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(Event("a\n").to_string(), "data: a\ndata: \n\n");
  EXPECT_EQ(Event("\n\ndata: forged").to_string(), "data: \ndata: \ndata: data: forged\n\n");
}

TEST(Event, RefusesWhatWouldBeAnotherField) {
  EXPECT_THROW(Event("x").type("a\nb"), std::invalid_argument);
  EXPECT_THROW(Event("x").type("a\rb"), std::invalid_argument);
  EXPECT_THROW(Event("x").id("a\nb"), std::invalid_argument);
  EXPECT_THROW(Event("x").id(std::string("\0", 1)), std::invalid_argument);
  EXPECT_THROW(Event("x").retry(-1ms), std::invalid_argument);
}

TEST(EventStream, SendsEventsAndComments) {
  Served served({.fetch = [] {
    return event_stream([](EventStream& events) -> Task<> {
      co_await events.comment("two\nlines");
      co_await events.send("x");
      co_await events.send(Event("y").id("1"));
    });
  }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
  const std::string& reply = client.received();
  EXPECT_NE(reply.find("Content-Type: text/event-stream\r\n"), reply.npos);
  EXPECT_NE(reply.find("Cache-Control: no-store\r\n"), reply.npos);
  EXPECT_TRUE(reply.ends_with("\r\n\r\n: two\n: lines\n\ndata: x\n\nid: 1\ndata: y\n\n")) << reply;
}

TEST(EventStream, CommentsOnSilence) {
  bool stop = false;
  Served served({.fetch = [&] {
    return event_stream(
        [&](EventStream& events) -> Task<> {
          while (!stop) co_await sleep(1ms);
          co_await events.send("x");
        },
        2ms);
  }});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(client.wait_for(":\n\n:\n\n"));
  stop = true;
  EXPECT_TRUE(client.wait_for("data: x\n\n"));
  EXPECT_EQ(client.wait_for_end(), RawClient::End::closed);
}

TEST(EventStream, OutlivesTheIdleTimeoutByItsComments) {
  Served served({.fetch =
                     [] {
                       return event_stream(
                           [](EventStream& events) -> Task<> {
                             co_await sleep(300ms);
                             co_await events.send("late");
                           },
                           10ms);
                     },
                 .idle_timeout = 100ms});
  RawClient client = served.connect();
  client.send(kGet);
  EXPECT_TRUE(client.wait_for("data: late\n\n"));
}

TEST(EventStream, StopsWhenTheClientGoes) {
  bool told = false, ended = false;
  Served served({.fetch = [&] {
    return event_stream([&](EventStream& events) -> Task<> {
      std::stop_callback stop(events.stop_token(), [&] { told = true; });
      try {
        for (;;) {
          co_await events.send("x");
          co_await sleep(1ms);
        }
      } catch (const ClientGone&) {
        EXPECT_TRUE(events.client_gone());
        ended = true;
      }
    });
  }});
  RawClient client = served.connect();
  client.send(kGet);
  ASSERT_TRUE(client.wait_for("data: x\n\n"));
  client.reset();
  EXPECT_TRUE(testing::turn_until([&] { return told && ended; }));
}

// The comment is what finds it out.
TEST(EventStream, NoticesASilentEnd) {
  bool told = false;
  Served served({.fetch = [&] {
    return event_stream(
        [&](EventStream& events) -> Task<> {
          std::stop_callback stop(events.stop_token(), [&] { told = true; });
          while (!events.client_gone()) co_await sleep(1ms);
        },
        1ms);
  }});
  RawClient client = served.connect();
  client.send(kGet);
  ASSERT_TRUE(client.wait_for(":\n\n"));
  client.close();
  EXPECT_TRUE(testing::turn_until([&] { return told; }));
  EXPECT_TRUE(testing::turn_until([&] { return served.server.pending_requests() == 0; }));
}

TEST(EventStream, KeepsNothingForAClientThatDoesNotRead) {
  Served served({.fetch = [] {
    return event_stream(
        [](EventStream& events) -> Task<> {
          for (;;) co_await events.send(std::string(100'000, 'x'));
        },
        1ms);
  }});
  RawClient client = served.connect();
  client.send(kGet);
  testing::turn_for(50ms);
  const auto sent = served.server.counters().bytes_out;
  testing::turn_for(20ms);
  EXPECT_EQ(served.server.counters().bytes_out, sent) << "it waits";
}

TEST(EventStream, ReadsTheLastIdOfAClientThatComesBack) {
  std::optional<std::string> id;
  Served served({.fetch = [&](Request& req) {
    id = last_event_id(req);
    return "x";
  }});
  served.get("/");
  EXPECT_EQ(id, std::nullopt);
  served.exchange("GET / HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 17\r\n\r\n");
  EXPECT_EQ(id, "17");
}

TEST(EventStream, RefusesWrongArguments) {
  EXPECT_THROW(event_stream({}), std::invalid_argument);
  EXPECT_THROW(event_stream([](EventStream&) -> Task<> { co_return; }, 0ms), std::invalid_argument);
}

}  // namespace
}  // namespace bao
