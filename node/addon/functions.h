#pragma once

#include <array>
#include <cstddef>
#include <node_api.h>

#include "environment.h"

namespace bao::node {

/// One call of a function of the addon. Missing arguments are undefined.
struct Call {
  static constexpr size_t kMaxArguments = 7;

  Environment& environment;
  napi_env env;
  std::array<napi_value, kMaxArguments> arguments;

  napi_value operator[](size_t i) const { return arguments[i]; }
  /// The slot that the first argument names. Throws WrongValue if it is not open.
  Slot& slot() const;
  /// An argument as a number of something.
  uint32_t index(size_t i) const;
};

/// May throw WrongValue and other exceptions, which become JavaScript's. A null result is
/// undefined.
using Function = napi_value (*)(Call& call);

// native.d.ts tells what they do.

napi_value install(Call& call);

napi_value method(Call& call);
napi_value url(Call& call);
napi_value field(Call& call);
napi_value fields(Call& call);
napi_value parameters(Call& call);
napi_value peer(Call& call);
napi_value body_text(Call& call);
napi_value body_bytes(Call& call);
napi_value body_piece(Call& call);
napi_value drop_body(Call& call);
napi_value trailers(Call& call);
napi_value body_state(Call& call);

napi_value reply(Call& call);
napi_value reply_texts(Call& call);
napi_value reply_file(Call& call);
napi_value reply_error(Call& call);
napi_value reply_nothing(Call& call);
napi_value send_due(Call& call);
napi_value abort(Call& call);
napi_value set_timeout(Call& call);
napi_value add_fields(Call& call);

napi_value reply_stream(Call& call);
napi_value write(Call& call);
napi_value finish(Call& call);
napi_value may_be_trailer(Call& call);

napi_value start(Call& call);
napi_value reload(Call& call);
napi_value stop(Call& call);
napi_value release(Call& call);
napi_value close_idle_connections(Call& call);
napi_value set_referenced(Call& call);
napi_value pending_requests(Call& call);
napi_value local_fetch(Call& call);
napi_value abort_local(Call& call);

napi_value media_type(Call& call);

napi_value release_code(Call& call);

napi_value read_certificate(Call& call);
napi_value answer_certificate(Call& call);
napi_value security(Call& call);
napi_value openssl_version(Call& call);

napi_value connection(Call& call);
napi_value connection_peer(Call& call);
napi_value connection_local(Call& call);
napi_value connection_security(Call& call);
napi_value connection_drop(Call& call);
napi_value send_interim(Call& call);
napi_value hand_over(Call& call);
napi_value tunnel_read(Call& call);
napi_value tunnel_write(Call& call);
napi_value tunnel_end(Call& call);
napi_value tunnel_reference(Call& call);
napi_value open_connections(Call& call);
napi_value cut_connections(Call& call);
napi_value tell_connections(Call& call);

napi_value upgrade(Call& call);
napi_value socket_send(Call& call);
napi_value socket_ping(Call& call);
napi_value socket_close(Call& call);
napi_value socket_terminate(Call& call);
napi_value socket_cork(Call& call);
napi_value socket_pause(Call& call);
napi_value socket_is_paused(Call& call);
napi_value socket_buffered(Call& call);
napi_value socket_address(Call& call);
napi_value socket_subscribe(Call& call);
napi_value socket_is_subscribed(Call& call);
napi_value socket_topics(Call& call);
napi_value socket_publish(Call& call);
napi_value publish(Call& call);
napi_value subscriber_count(Call& call);
napi_value pending_web_sockets(Call& call);

}  // namespace bao::node
