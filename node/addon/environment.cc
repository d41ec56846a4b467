#include "environment.h"

#include <cstdio>
#include <stdexcept>
#include <utility>

#include "values.h"

namespace bao::node {

namespace {

using std::chrono::milliseconds;

constexpr size_t kScratch = size_t{64} * 1024;
// Node's timers and promise jobs wait for the end of a wake-up, and each connection may have a
// whole buffer of pipelined requests. What is left over wakes us again.
constexpr size_t kEventsAWake = 32;
// Behind so many events others are likely to have come; behind fewer, looking for them costs more
// than Node's next wake-up.
constexpr size_t kWorthAnother = 4;
// Handles are freed after so many requests of one wake-up, lest a burst of pipelined ones keeps all
// its strings alive.
constexpr uint32_t kCallsInScope = 64;

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

}  // namespace

// ---- Life

Environment::Environment(napi_env env)
    : env_(env),
      loop_(std::make_unique<net::Loop>(kEventsAWake)),
      scratch_(std::make_unique<char[]>(kScratch)) {
  loop_->leave_time_to_embedding();
  loop_->read_together();
}

Environment* Environment::make(napi_env env) {
  auto* environment = new Environment(env);
  environment->open_handles();
  return environment;
}

void Environment::open_handles() {
  napi_value resource = nullptr;
  check(napi_create_object(env_, &resource));
  check(napi_create_reference(env_, resource, 1, &resource_));
  check(napi_async_init(env_, resource, text(env_, "bao"), &async_context_));

  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  constexpr size_t registers = kLater + kMostTogether * kRequestRegisters;
  check(napi_create_arraybuffer(env_, registers * sizeof(uint32_t), &data, &buffer));
  check(napi_create_typedarray(env_, napi_uint32_array, registers, buffer, 0, &array));
  check(napi_create_reference(env_, array, 1, &registers_array_));
  registers_ = static_cast<uint32_t*>(data);
  for (size_t place = 0; place < registers; place += kRequestRegisters) {
    registers_[place + kStatus] = 200;
  }

  uv_loop_t* uv = nullptr;
  check(napi_get_uv_event_loop(env_, &uv));
  uv_timer_init(uv, &timer_);
  uv_poll_init(uv, &poll_, loop_->fd());
  timer_.data = poll_.data = this;
  uv_poll_start(&poll_, UV_READABLE, on_wake);
  auto* poll = reinterpret_cast<uv_handle_t*>(&poll_);
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  uv_unref(poll);
  check(napi_add_async_cleanup_hook(env_, on_cleanup, this, &cleanup_));
}

// The thread's environment ends: no JavaScript from here on.
void Environment::on_cleanup(napi_async_cleanup_hook_handle, void* data) {
  auto& self = *static_cast<Environment*>(data);
  self.ended_ = true;
  self.waiting_.clear();
  self.due_.clear();
  uv_poll_stop(&self.poll_);
  uv_timer_stop(&self.timer_);
  self.loop_->end_residents();
  self.slots_.close_all();
  self.sockets_.clear();
  self.links_.clear();
  self.servers_.clear();
  for (napi_ref& callback : self.callbacks_) {
    if (callback != nullptr) napi_delete_reference(self.env_, std::exchange(callback, nullptr));
  }
  napi_delete_reference(self.env_, self.resource_);
  napi_delete_reference(self.env_, self.registers_array_);
  napi_async_destroy(self.env_, self.async_context_);
  uv_close(reinterpret_cast<uv_handle_t*>(&self.poll_), on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&self.timer_), on_closed);
}

void Environment::on_closed(uv_handle_t* handle) {
  auto* self = static_cast<Environment*>(handle->data);
  if (--self->handles_to_close_ > 0) return;
  // What hangs on the loop may still speak to the environment.
  self->loop_.reset();
  napi_remove_async_cleanup_hook(self->cleanup_);
  delete self;
}

void Environment::install(napi_value table, bool rings) {
  if (callbacks_[0] != nullptr) {
    throw std::runtime_error(
        "Bao's binary is in use by another copy of Bao's JavaScript in this thread: import one "
        "copy only");
  }
  std::array<napi_value, kCallbackNames.size()> functions{};
  for (size_t i = 0; i < functions.size(); ++i) {
    functions[i] = property(env_, table, kCallbackNames[i]);
    if (functions[i] == nullptr || type_of(env_, functions[i]) != napi_function) {
      throw WrongValue(std::string("the table lacks the function ") + kCallbackNames[i]);
    }
  }
  for (size_t i = 0; i < functions.size(); ++i) {
    check(napi_create_reference(env_, functions[i], 1, &callbacks_[i]));
  }
  if (!rings) loop_->calls().stay_alone();
}

napi_value Environment::registers() const {
  napi_value array = nullptr;
  check(napi_get_reference_value(env_, registers_array_, &array));
  return array;
}

// ---- Servers

uint32_t Environment::add_server(http::Reference<server::Server> server) {
  for (uint32_t number = 0; number < servers_.size(); ++number) {
    if (servers_[number]) continue;
    servers_[number] = std::move(server);
    return number;
  }
  servers_.push_back(std::move(server));
  return static_cast<uint32_t>(servers_.size() - 1);
}

server::Server& Environment::server(uint32_t number) const {
  if (number >= servers_.size() || !servers_[number]) throw WrongValue("there is no such server");
  return *servers_[number];
}

// ---- Entries

void Environment::on_wake(uv_poll_t* poll, int, int) {
  static_cast<Environment*>(poll->data)->wake();
}

void Environment::on_timer(uv_timer_t* timer) {
  auto& self = *static_cast<Environment*>(timer->data);
  self.timer_deadline_ = net::TimePoint::max();
  self.wake();
}

void Environment::wake() {
  // A handler that runs Node's loop inside of itself: the descriptor stays readable until the turn
  // after it.
  if (ended_ || entered_) return;
  entered_ = waking_ = true;
  for (int turns = 1; turn() && turns < kMostTurns; ++turns) continue;
  entered_ = waking_ = false;
  settle();
}

bool Environment::turn() {
  const size_t ready = loop_->turn(milliseconds(0));
  run_waiting();
  // Before promise jobs: one of them may stop the server. And those run before another turn, which
  // may bring the next request of a client that has its reply.
  due_.send(*loop_);
  do {
    forget_tables();
    leave_javascript();
    due_.send(*loop_);
  } while (in_javascript_);
  return ready >= kWorthAnother && !slow_handlers_ && !ended_;
}

Environment::Entry::Entry(Environment& environment)
    : environment_(environment), outermost_(!std::exchange(environment.entered_, true)) {
  environment_.loop_->catch_up();
}

Environment::Entry::~Entry() {
  if (!outermost_) return;
  environment_.forget_tables();
  environment_.entered_ = false;
  environment_.settle();
}

void Environment::settle() {
  if (ended_) return;
  arm_timer();
  const bool alive = loop_->alive();
  if (alive == referenced_) return;
  referenced_ = alive;
  auto* poll = reinterpret_cast<uv_handle_t*>(&poll_);
  if (alive) {
    uv_ref(poll);
  } else {
    uv_unref(poll);
  }
}

// A timer that is armed for an earlier time than needed stays: it fires once for nothing, which is
// cheaper than moving it.
void Environment::arm_timer() {
  const net::TimerQueue& timers = loop_->timers();
  if (!timers.empty() && timers.earliest() >= timer_deadline_ && !loop_->has_deferred()) return;
  const milliseconds wait = loop_->time_to_next_timer();
  if (wait.count() < 0) {
    if (timer_deadline_ != net::TimePoint::max()) uv_timer_stop(&timer_);
    timer_deadline_ = net::TimePoint::max();
    return;
  }
  const auto deadline = wait.count() == 0 ? net::TimePoint::min() : timers.earliest();
  if (deadline >= timer_deadline_) return;
  timer_deadline_ = deadline;
  uv_timer_start(&timer_, on_timer, static_cast<uint64_t>(wait.count()), 0);
}

// Runs in a destructor, too, perhaps with an exception of JavaScript on its way: then the next
// entry does it.
void Environment::forget_tables() {
  while (!ended_tables_.empty() && !ended_) {
    bool pending = true;
    if (napi_is_exception_pending(env_, &pending) != napi_ok || pending) return;
    const double table = ended_tables_.back();
    ended_tables_.pop_back();
    enter_javascript();
    std::array<napi_value, 1> arguments{};
    if (napi_create_double(env_, table, &arguments[0]) != napi_ok) return;
    call(Callback::forget, arguments);
  }
}

void Environment::table_ended(double table) {
  if (!ended_) ended_tables_.push_back(table);
}

// ---- Scopes

// Opened by the first call of a wake-up: one that needs no JavaScript pays for none.
void Environment::enter_javascript() {
  if (!waking_ || in_javascript_) return;
  in_javascript_ = true;
  napi_open_handle_scope(env_, &outer_scope_);
  napi_value resource = nullptr;
  napi_get_reference_value(env_, resource_, &resource);
  napi_open_callback_scope(env_, resource, async_context_, &callback_scope_);
  napi_get_reference_value(env_, callbacks_[static_cast<size_t>(Callback::dispatch)], &dispatch_);
  napi_get_undefined(env_, &receiver_);
  calls_in_scope_ = 0;
}

// Runs what JavaScript has queued: ticks and promise jobs, which may use the engine in turn.
void Environment::leave_javascript() {
  if (!in_javascript_) return;
  if (inner_scope_ != nullptr) napi_close_handle_scope(env_, std::exchange(inner_scope_, nullptr));
  in_jobs_ = true;
  napi_close_callback_scope(env_, callback_scope_);
  loop_->catch_up();
  forget_tables();
  in_javascript_ = in_jobs_ = false;
  dispatch_ = receiver_ = nullptr;
  napi_close_handle_scope(env_, outer_scope_);
}

void Environment::renew_scope() {
  if (depth_ > 0 || !in_javascript_ || in_jobs_ || ++calls_in_scope_ < kCallsInScope) return;
  calls_in_scope_ = 0;
  if (inner_scope_ != nullptr) napi_close_handle_scope(env_, inner_scope_);
  napi_open_handle_scope(env_, &inner_scope_);
}

napi_value Environment::function(Callback callback) {
  napi_value result = nullptr;
  napi_get_reference_value(env_, callbacks_[static_cast<size_t>(callback)], &result);
  return result;
}

// ---- Calls

void Environment::report(napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env_, &pending);
  napi_value error = nullptr;
  if (pending && napi_get_and_clear_last_exception(env_, &error) == napi_ok) {
    napi_fatal_exception(env_, error);
  }
}

void Environment::call(Callback callback, std::span<const napi_value> arguments) {
  napi_value receiver = nullptr;
  napi_value result = nullptr;
  napi_get_undefined(env_, &receiver);
  report(napi_call_function(env_, receiver, function(callback), arguments.size(), arguments.data(),
                            &result));
  loop_->catch_up();
}

std::optional<Environment::Text> Environment::read_text(napi_value value) {
  size_t size = 0;
  if (napi_get_value_string_utf8(env_, value, scratch_.get(), kScratch, &size) != napi_ok) {
    return std::nullopt;
  }
  // Only whole characters are written, of four bytes at most, and a NUL.
  if (size + 4 < kScratch) return Text{{scratch_.get(), size}, nullptr};
  large_ = to_text(env_, value);
  return Text{large_, &large_};
}

void Environment::tell_body(Slot& slot, http::Failure failure) {
  if (ended_) return;
  enter_javascript();
  const std::array arguments{number(env_, slot.index()), number(env_, static_cast<int>(failure))};
  call(Callback::body, arguments);
}

void Environment::tell_gone(Slot& slot, http::Failure failure, bool over) {
  if (ended_) return;
  enter_javascript();
  const std::array arguments{number(env_, slot.index()), number(env_, static_cast<int>(failure)),
                             boolean(env_, over)};
  // First, so that what JavaScript does in the call cannot reach it any more; its number is not
  // given away meanwhile.
  http::Reference<server::Exchange> keep(&slot.exchange());
  call(Callback::gone, arguments);
  if (over && slot.has(*keep)) slots_.close(slot);
}

void Environment::tell_drained(Slot& slot) {
  if (ended_) return;
  enter_javascript();
  const std::array arguments{number(env_, slot.index())};
  call(Callback::drained, arguments);
}

void Environment::tell_stopped(double promise) {
  if (ended_) return;
  enter_javascript();
  const std::array arguments{number(env_, promise)};
  call(Callback::stopped, arguments);
}

// An open file goes to JavaScript as a descriptor, which is JavaScript's to close then.
void Environment::tell_local(double promise, server::LocalReply reply) {
  if (ended_) return;
  enter_javascript();
  try {
    std::array arguments{number(env_, promise),
                         number(env_, reply.status),
                         latin1(env_, reply.fields.lines()),
                         reply.file ? number(env_, static_cast<double>(reply.file->length))
                                    : bytes(env_, reply.body),
                         undefined(env_),
                         undefined(env_)};
    if (reply.file) {
      arguments[4] = number(env_, static_cast<double>(reply.file->offset));
      arguments[5] = number(env_, reply.file->file.release());
    }
    call(Callback::local, arguments);
  } catch (const JavaScriptFailed&) {
    // There is no memory for the body, or this thread is being ended.
    report(napi_generic_failure);
  }
}

// One call with one argument: the number of the socket is in the registers.
void Environment::tell_message(uint32_t socket, const websocket::Message& message) {
  if (ended_) return;
  enter_javascript();
  registers_[kSocket] = socket;
  const std::string_view payload = message.payload;
  napi_value argument = nullptr;
  if (message.text) {
    // A copy is cheaper for what has no character beyond ASCII.
    const napi_status status =
        message.ascii || is_ascii(payload)
            ? napi_create_string_latin1(env_, payload.data(), payload.size(), &argument)
            : napi_create_string_utf8(env_, payload.data(), payload.size(), &argument);
    if (status != napi_ok) return report(status);
  } else {
    void* data = nullptr;
    if (napi_create_arraybuffer(env_, payload.size(), &data, &argument) != napi_ok) {
      return report(napi_generic_failure);
    }
    if (!payload.empty()) payload.copy(static_cast<char*>(data), payload.size());
  }
  ++depth_;
  call(Callback::message, {&argument, 1});
  --depth_;
  renew_scope();
}

void Environment::tell_socket(uint32_t socket, Sockets::Event event, std::string_view payload,
                              int code) {
  if (ended_) return;
  enter_javascript();
  try {
    const bool is_text = event == Sockets::Event::close;
    const std::array arguments{number(env_, socket), number(env_, static_cast<int>(event)),
                               is_text ? text(env_, payload) : bytes(env_, payload),
                               number(env_, code)};
    ++depth_;
    call(Callback::socket, arguments);
    --depth_;
    renew_scope();
  } catch (const JavaScriptFailed&) {
    report(napi_generic_failure);
  }
}

void Environment::tell_connection(uint32_t connection, Links::Event event, double table, int value,
                                  std::string_view payload) {
  if (ended_) return;
  enter_javascript();
  try {
    const bool is_data = event == Links::Event::data;
    const std::array arguments{number(env_, connection), number(env_, static_cast<int>(event)),
                               number(env_, table), number(env_, value),
                               is_data ? bytes(env_, payload) : text(env_, payload)};
    ++depth_;
    call(Callback::connection, arguments);
    --depth_;
    renew_scope();
  } catch (const JavaScriptFailed&) {
    report(napi_generic_failure);
  }
}

void Environment::log(std::string_view line) {
  if (ended_) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    return;
  }
  enter_javascript();
  const std::array arguments{text(env_, line)};
  call(Callback::log, arguments);
}

void Environment::ask_certificate(double source, std::shared_ptr<tls::CertificateRequest> request) {
  if (ended_) return;
  enter_javascript();
  const std::string name = request->server_name();
  const uint32_t own = certificate_requests_.add(std::move(request));
  const std::array arguments{number(env_, source), number(env_, own), latin1(env_, name)};
  call(Callback::certificate, arguments);
}

}  // namespace bao::node
