#include <cstring>
#include <exception>
#include <string>
#include <system_error>

#include "environment.h"
#include "functions.h"
#include "net/listener.h"
#include "tls/library.h"
#include "values.h"

namespace bao::node {

namespace {

// As Node's own errors of the kind: with `code` and `syscall`.
void throw_listen_error(napi_env env, const net::ListenError& error) {
  napi_value object = nullptr;
  if (napi_create_error(env, text(env, error.code()), text(env, error.what()), &object) ==
      napi_ok) {
    set(env, object, "syscall", text(env, "listen"));
    napi_throw(env, object);
  }
}

// As those of node:fs: with `code`, and with `errno` below zero.
void throw_system_error(napi_env env, const std::system_error& error) {
  const char* name = ::strerrorname_np(error.code().value());
  napi_value object = nullptr;
  napi_value code = name == nullptr ? nullptr : text(env, name);
  if (napi_create_error(env, code, text(env, error.what()), &object) == napi_ok) {
    set(env, object, "errno", number(env, -error.code().value()));
    napi_throw(env, object);
  }
}

// Runs a function of ours for JavaScript; a C++ exception must not reach Node.
template <Function kFunction>
napi_value run(napi_env env, napi_callback_info info) noexcept {
  size_t count = Call::kMaxArguments;
  void* data = nullptr;
  std::array<napi_value, Call::kMaxArguments> arguments;
  if (napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &data) != napi_ok) {
    return nullptr;
  }
  Call call{*static_cast<Environment*>(data), env, arguments};
  try {
    return kFunction(call);
  } catch (const JavaScriptFailed&) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_error(env, nullptr, "Bao could not use a value of JavaScript");
  } catch (const net::ListenError& error) {
    throw_listen_error(env, error);
  } catch (const std::system_error& error) {
    throw_system_error(env, error);
  } catch (const TooLarge& error) {
    napi_throw_range_error(env, nullptr, error.what());
  } catch (const std::invalid_argument& error) {
    napi_throw_type_error(env, nullptr, error.what());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

template <Function kFunction>
void define(Environment& environment, napi_value exports, const char* name) {
  napi_value function = nullptr;
  check(napi_create_function(environment.env(), name, NAPI_AUTO_LENGTH, run<kFunction>,
                             &environment, &function));
  set(environment.env(), exports, name, function);
}

void define_all(Environment& environment, napi_value exports) {
  define<install>(environment, exports, "install");
  define<method>(environment, exports, "method");
  define<url>(environment, exports, "url");
  define<field>(environment, exports, "field");
  define<fields>(environment, exports, "fields");
  define<parameters>(environment, exports, "parameters");
  define<peer>(environment, exports, "peer");
  define<body_text>(environment, exports, "bodyText");
  define<body_bytes>(environment, exports, "bodyBytes");
  define<body_piece>(environment, exports, "bodyPiece");
  define<drop_body>(environment, exports, "dropBody");
  define<trailers>(environment, exports, "trailers");
  define<body_state>(environment, exports, "bodyState");
  define<reply>(environment, exports, "reply");
  define<reply_texts>(environment, exports, "replyTexts");
  define<reply_file>(environment, exports, "replyFile");
  define<reply_error>(environment, exports, "replyError");
  define<reply_nothing>(environment, exports, "replyNothing");
  define<send_due>(environment, exports, "sendDue");
  define<abort>(environment, exports, "abort");
  define<set_timeout>(environment, exports, "setTimeout");
  define<add_fields>(environment, exports, "addFields");
  define<reply_stream>(environment, exports, "replyStream");
  define<write>(environment, exports, "write");
  define<finish>(environment, exports, "finish");
  define<may_be_trailer>(environment, exports, "mayBeTrailer");
  define<start>(environment, exports, "start");
  define<reload>(environment, exports, "reload");
  define<stop>(environment, exports, "stop");
  define<release>(environment, exports, "release");
  define<close_idle_connections>(environment, exports, "closeIdleConnections");
  define<set_referenced>(environment, exports, "setReferenced");
  define<pending_requests>(environment, exports, "pendingRequests");
  define<local_fetch>(environment, exports, "localFetch");
  define<abort_local>(environment, exports, "abortLocal");
  define<media_type>(environment, exports, "mediaType");
  define<release_code>(environment, exports, "releaseCode");
  define<read_certificate>(environment, exports, "readCertificate");
  define<answer_certificate>(environment, exports, "answerCertificate");
  define<security>(environment, exports, "security");
  define<openssl_version>(environment, exports, "opensslVersion");
  define<connection>(environment, exports, "connection");
  define<connection_peer>(environment, exports, "connectionPeer");
  define<connection_local>(environment, exports, "connectionLocal");
  define<connection_security>(environment, exports, "connectionSecurity");
  define<connection_drop>(environment, exports, "connectionDrop");
  define<send_interim>(environment, exports, "sendInterim");
  define<hand_over>(environment, exports, "handOver");
  define<tunnel_read>(environment, exports, "tunnelRead");
  define<tunnel_write>(environment, exports, "tunnelWrite");
  define<tunnel_end>(environment, exports, "tunnelEnd");
  define<tunnel_reference>(environment, exports, "tunnelReference");
  define<open_connections>(environment, exports, "openConnections");
  define<cut_connections>(environment, exports, "cutConnections");
  define<tell_connections>(environment, exports, "tellConnections");
  define<upgrade>(environment, exports, "upgrade");
  define<socket_send>(environment, exports, "socketSend");
  define<socket_ping>(environment, exports, "socketPing");
  define<socket_close>(environment, exports, "socketClose");
  define<socket_terminate>(environment, exports, "socketTerminate");
  define<socket_cork>(environment, exports, "socketCork");
  define<socket_pause>(environment, exports, "socketPause");
  define<socket_is_paused>(environment, exports, "socketIsPaused");
  define<socket_buffered>(environment, exports, "socketBuffered");
  define<socket_address>(environment, exports, "socketAddress");
  define<socket_subscribe>(environment, exports, "socketSubscribe");
  define<socket_is_subscribed>(environment, exports, "socketIsSubscribed");
  define<socket_topics>(environment, exports, "socketTopics");
  define<socket_publish>(environment, exports, "socketPublish");
  define<publish>(environment, exports, "publish");
  define<subscriber_count>(environment, exports, "subscriberCount");
  define<pending_web_sockets>(environment, exports, "pendingWebSockets");
}

}  // namespace

Slot& Call::slot() const {
  Slot* slot = environment.slots().find(index(0));
  if (slot == nullptr) throw WrongValue("this request is over");
  return *slot;
}

uint32_t Call::index(size_t i) const {
  uint32_t result = 0;
  if (napi_get_value_uint32(env, arguments[i], &result) != napi_ok) {
    throw WrongValue("a number was expected");
  }
  return result;
}

napi_value install(Call& call) {
  call.environment.install(call[0], to_boolean(call.env, call[1]));
  return nullptr;
}

}  // namespace bao::node

// The two functions by which Node knows an addon; nothing else is exported. Each thread calls the
// second one.

extern "C" NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1() {
  return NAPI_VERSION;
}

extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  using namespace bao::node;
  try {
    bao::tls::begin_second_openssl();
    Environment& environment = *Environment::make(env);
    define_all(environment, exports);
    set(env, exports, "registers", environment.registers());
  } catch (const JavaScriptFailed&) {
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}
