#pragma once

/// Bao: `Bun.serve` in C++. Everything but the optional adapters (`<bao/json.h>`).

#include <bao/cluster.h>
#include <bao/cookie.h>
#include <bao/directory.h>
#include <bao/error.h>
#include <bao/event_stream.h>
#include <bao/fetch.h>
#include <bao/fields.h>
#include <bao/file.h>
#include <bao/form.h>
#include <bao/handler.h>
#include <bao/loop.h>
#include <bao/options.h>
#include <bao/peer_certificate.h>
#include <bao/request.h>
#include <bao/response.h>
#include <bao/routes.h>
#include <bao/server.h>
#include <bao/socket_address.h>
#include <bao/task.h>
#include <bao/tls.h>
#include <bao/websocket.h>
#include <bao/writer.h>
