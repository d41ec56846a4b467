#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "environment.h"
#include "http/percent.h"
#include "values.h"

// Requests, and the texts that handlers give for them.
namespace bao::node {

namespace {

// The types that registers[1] stands for.
constexpr std::array<std::string_view, 3> kTypes{"text/plain;charset=utf-8",
                                                 "application/json;charset=utf-8", ""};

// What `dispatchAll` puts in the place of a text's length if there is none.
constexpr uint32_t kNoText = UINT32_MAX;

napi_value parameter_value(napi_env env, std::string_view raw) {
  // A target is visible ASCII, so what needs no decoding needs no checking either.
  if (raw.find('%') == std::string_view::npos) return latin1(env, raw);
  return text(env, http::percent_decode_utf8(raw));
}

bool needs_decoding(const routing::Match& match) {
  for (size_t i = 0; i < match.size(); ++i) {
    if (match[i].raw_value.find('%') != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

// ---- Into JavaScript

void Environment::dispatch(server::Exchange& exchange, uint32_t handler) {
  if (ended_) {
    exchange.abort();
    return;
  }
  if (waking_ && depth_ == 0 && loop_->in_turn() && exchange.stream()->may_wait()) {
    waiting_.push_back({http::Reference(&exchange), handler});
  } else {
    dispatch_alone(exchange, handler);
  }
}

// Runs the handlers of a turn's requests, and sends their replies then: see DueReplies. They are
// run in one call of JavaScript, unless the last ones took so long that a reply should not wait for
// the handlers behind it.
void Environment::run_waiting() {
  if (waiting_.empty()) return;
  auto waiting = std::exchange(waiting_, {});
  const net::TimePoint start = loop_->now();
  for (size_t done = 0; done < waiting.size();) {
    const size_t count = slow_handlers_ ? 1 : std::min(waiting.size() - done, kMostTogether);
    // A handler has stopped the server at once: what it was sent meanwhile is not handled.
    if (count == 1 && waiting[done].exchange->failure() == http::Failure::stopped) {
      ++done;
      continue;
    }
    const std::span batch = std::span(waiting).subspan(done, count);
    if (count == 1) {
      dispatch_alone(*batch[0].exchange, batch[0].handler);
    } else {
      dispatch_together(batch);
    }
    done += count;
    if (slow_handlers_ || due_.full()) due_.send(*loop_);
  }
  // The clock ticks every few milliseconds.
  slow_handlers_ = loop_->now() != start;
  if (slow_handlers_) {
    for (const Waiting& request : waiting) {
      if (request.exchange->stream() != nullptr) request.exchange->stream()->has_waited();
    }
  }
  if (!waiting_.empty()) return;
  waiting.clear();  // the memory serves again
  waiting_ = std::move(waiting);
}

void Environment::dispatch_alone(server::Exchange& exchange, uint32_t handler) {
  enter_javascript();
  // Whatever the handler does, a slot that still has this exchange is the one of this request.
  http::Reference<server::Exchange> keep(&exchange);
  Slot& slot = slots_.open(exchange);
  registers_[kSlot] = slot.index();
  registers_[kHandler] = handler;
  std::array<napi_value, 1 + routing::kMaxParameters> arguments;
  size_t count = 1;
  const std::string_view head = exchange.head.bytes();
  napi_create_string_latin1(env_, head.data(), head.size(), &arguments[0]);
  if (exchange.matched) {
    exchange.match.rebase(exchange.head.path().data());
    for (size_t i = 0; i < exchange.match.size(); ++i) {
      arguments[count++] = parameter_value(env_, exchange.match[i].raw_value);
    }
  }
  napi_value receiver = receiver_;
  if (receiver == nullptr) napi_get_undefined(env_, &receiver);
  napi_value result = nullptr;
  ++depth_;
  napi_status status = napi_call_function(
      env_, receiver, dispatch_ != nullptr ? dispatch_ : function(Callback::dispatch), count,
      arguments.data(), &result);
  --depth_;
  loop_->catch_up();
  if (status != napi_ok) {
    dispatch_failed(slot.has(exchange) ? &slot : nullptr);
  } else if (slot.has(exchange)) {
    if (auto body = read_text(result)) {
      take_text(slot, *body);
    } else {
      take_silence(slot);
    }
  }
  renew_scope();
}

// One call of JavaScript for all, with one string of all heads, which comes back with one string of
// all texts.
void Environment::dispatch_together(std::span<const Waiting> batch) {
  enter_javascript();
  heads_.clear();
  std::array<Slot*, kMostTogether> slots{};
  for (size_t i = 0; i < batch.size(); ++i) {
    server::Exchange& exchange = *batch[i].exchange;
    slots[i] = &slots_.open(exchange);
    describe(exchange, *slots[i], batch[i].handler, registers_ + kTogether + i * kRequestRegisters);
  }
  napi_value heads = nullptr;
  napi_value result = nullptr;
  napi_create_string_latin1(env_, heads_.data(), heads_.size(), &heads);
  registers_[kCount] = static_cast<uint32_t>(batch.size());
  ++depth_;
  const napi_status status =
      napi_call_function(env_, receiver_, function(Callback::dispatchAll), 1, &heads, &result);
  --depth_;
  loop_->catch_up();
  // Some may have been given away meanwhile.
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!slots[i]->has(*batch[i].exchange)) slots[i] = nullptr;
    if (status != napi_ok) dispatch_failed(slots[i]);
  }
  if (status == napi_ok) {
    take_texts(std::span(slots).first(batch.size()), kTogether, result);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (slots[i] != nullptr && slots[i]->has(*batch[i].exchange)) take_silence(*slots[i]);
    }
  }
  renew_scope();
}

// Writes down where `heads_` has the head and the parameters of a request.
void Environment::describe(server::Exchange& exchange, const Slot& slot, uint32_t handler,
                           uint32_t* place) {
  const std::string_view head = exchange.head.bytes();
  place[kSlot] = slot.index();
  place[kHandler] = handler;
  place[kParameters] = 0;
  if (exchange.matched && exchange.match.size() > 0) {
    exchange.match.rebase(exchange.head.path().data());
    const routing::Match& match = exchange.match;
    // The others are asked for one by one.
    const bool here = match.size() <= kMostParameters && !needs_decoding(match);
    place[kParameters] = here ? static_cast<uint32_t>(match.size()) : kNoParameters;
    for (size_t i = 0; here && i < match.size(); ++i) {
      const std::string_view value = match[i].raw_value;
      const size_t offset = heads_.size() + static_cast<size_t>(value.data() - head.data());
      place[kFirstParameter + 2 * i] = static_cast<uint32_t>(offset);
      place[kFirstParameter + 2 * i + 1] = static_cast<uint32_t>(offset + value.size());
    }
  }
  heads_ += head;
  place[kEnd] = static_cast<uint32_t>(heads_.size());
}

// JavaScript catches what handlers throw: either this thread is being ended, or there was not even
// the stack to begin. The latter costs one client its connection, not the program its life.
void Environment::dispatch_failed(Slot* slot) {
  bool pending = false;
  napi_value error = nullptr;
  napi_is_exception_pending(env_, &pending);
  if (pending && napi_get_and_clear_last_exception(env_, &error) == napi_ok) {
    try {
      if (type_of(env_, error) == napi_object) {
        napi_value stack = property(env_, error, "stack");
        std::string line("bao: a request could not be given to its handler: ");
        line += stack != nullptr ? to_text(env_, stack) : "an unknown error";
        // Printing needs a stack, too.
        loop_->defer(net::Work([this, line = std::move(line)] { log(line); }));
      }
    } catch (const std::exception&) {
      // It has a `stack` that is no text.
    } catch (const JavaScriptFailed&) {
      napi_get_and_clear_last_exception(env_, &error);
    }
  }
  if (slot != nullptr) slots_.close(*slot)->abort();
}

// ---- Out of it

void Environment::reply_texts(napi_value texts) {
  std::array<Slot*, kMostTogether> slots{};
  const size_t count = std::min<size_t>(registers_[kCount], kMostTogether);
  for (size_t i = 0; i < count; ++i) {
    slots[i] = slots_.find(registers_[kLater + i * kRequestRegisters + kSlot]);
  }
  take_texts(std::span(slots).first(count), kLater, texts);
  if (!waking_) due_.send(*loop_);
}

// Takes apart the texts for some slots, which stand in one string; what belongs to each is in the
// registers from `place` on. Their lengths are in UTF-16; if the string is no longer in UTF-8, it
// is ASCII, and they are the same. Nothing is sent before all are taken: a reply lets the next
// request on its connection reach its handler, which may close slots, and whose text takes the
// place of these.
void Environment::take_texts(std::span<Slot* const> slots, size_t place, napi_value texts) {
  const auto all = read_text(texts);
  size_t length = 0;
  napi_get_value_string_utf16(env_, texts, nullptr, 0, &length);
  const bool ascii = all && all->view.size() == length;
  std::u16string units;
  if (all && !ascii) {
    units.resize(length + 1);
    napi_get_value_string_utf16(env_, texts, units.data(), units.size(), &length);
  }
  size_t offset = 0;
  for (size_t i = 0; i < slots.size(); ++i, place += kRequestRegisters) {
    const uint32_t size = registers_[place + kLength];
    const uint32_t status = std::exchange(registers_[place + kStatus], 200);
    const uint32_t type = std::exchange(registers_[place + kType], 0);
    if (size == kNoText || !all || offset + size > length) continue;
    const size_t begin = std::exchange(offset, offset + size);
    if (slots[i] == nullptr) continue;
    std::string_view body;
    if (ascii) {
      body = all->view.substr(begin, size);
    } else {
      napi_value text = nullptr;
      napi_create_string_utf16(env_, units.data() + begin, size, &text);
      body = read_text(text)->view;
    }
    due_.add(slots_.close(*slots[i]), static_cast<int>(is_final_status(status) ? status : 500),
             kTypes[type % kTypes.size()], body);
  }
}

// A text that a handler gave; its status and type are in the registers.
void Environment::take_text(Slot& slot, const Text& body) {
  const uint32_t status = std::exchange(registers_[kStatus], 200);
  const std::string_view type = kTypes[std::exchange(registers_[kType], 0) % kTypes.size()];
  if (is_final_status(status)) {
    reply_text(slot, static_cast<int>(status), type, body);
    return;
  }
  slots_.close(slot)->reply({.status = 500});
  log("bao: a handler's reply has the status " + std::to_string(status) +
      ", which is none from 200 to 599");
}

// A handler that gave no text replies later, if it has not done so already.
void Environment::take_silence(Slot& slot) {
  server::Exchange& exchange = slot.exchange();
  if (exchange.open() || exchange.streaming()) {
    exchange.head.own();
    slot.suspend();
  } else {
    // The handler stopped its own server, say.
    tell_gone(slot, exchange.failure(), true);
  }
}

// The type must live as long as the program.
void Environment::reply_text(Slot& slot, int status, std::string_view type, const Text& body) {
  auto exchange = slots_.close(slot);
  const bool may_wait = exchange->open() && exchange->stream()->may_wait();
  if (!waking_ || !may_wait || body.view.size() > DueReplies::kLongest) {
    exchange->reply(
        {.status = status, .content_type = type, .body = body.view, .body_text = body.owned});
  } else {
    due_.add(std::move(exchange), status, type, body.view);
  }
}

}  // namespace bao::node
