#pragma once

#include <optional>

#include "net/listener.h"
#include "processes/shared.h"
#include "server/settings.h"

namespace bao::detail {

/// Lets a server of a cluster's process listen where those of the others do: sets reuse_port, and
/// for port 0 the port that the first of them has found. What it returns keeps that port until the
/// server itself listens on it. Throws SettingsError, naming C++'s options, for what cannot be
/// shared, ListenError if no port is free.
std::optional<net::Listener> share_port(processes::Seat& seat, server::Settings& settings);

}  // namespace bao::detail
