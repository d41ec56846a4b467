#include "links.h"

#include <utility>

#include "environment.h"

namespace bao::node {

uint32_t Links::number_of(http::Link& link) {
  if (link.label != 0) return link.label;
  if (free_.empty()) {
    link.label = static_cast<uint32_t>(links_.size());
    links_.emplace_back();
  } else {
    link.label = free_.back();
    free_.pop_back();
  }
  links_[link.label] = {.link = &link, .tunnel = nullptr};
  return link.label;
}

void Links::add(server::Tunnel& tunnel) {
  links_[number_of(tunnel)] = {.link = &tunnel, .tunnel = &tunnel};
}

void Links::on_connected(http::Link& link, double table) {
  environment_.tell_connection(number_of(link), Event::connected, table, 0, "");
}

void Links::on_closed(http::Link& link) {
  tell_closed(link, false);
}

void Links::on_refused(http::Link& link, double table, int status, std::string_view reason) {
  environment_.tell_connection(number_of(link), Event::refused, table, status, reason);
}

void Links::on_data(server::Tunnel& tunnel, std::string_view bytes) {
  environment_.tell_connection(tunnel.label, Event::data, 0, 0, bytes);
}

void Links::on_end(server::Tunnel& tunnel) {
  environment_.tell_connection(tunnel.label, Event::end, 0, 0, "");
}

void Links::on_drain(server::Tunnel& tunnel) {
  environment_.tell_connection(tunnel.label, Event::drain, 0, 0, "");
}

void Links::on_close(server::Tunnel& tunnel, bool broken) {
  tell_closed(tunnel, broken);
}

// The number is free only afterwards, so that what JavaScript does in the call reaches nobody else.
void Links::tell_closed(http::Link& link, bool broken) {
  const uint32_t number = std::exchange(link.label, 0);
  if (number == 0 || number >= links_.size()) return;  // this thread is being ended
  links_[number] = {};
  environment_.tell_connection(number, Event::closed, 0, broken ? 1 : 0, "");
  free_.push_back(number);
}

}  // namespace bao::node
