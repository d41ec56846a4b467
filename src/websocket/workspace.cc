#include "websocket/workspace.h"

#include <utility>

#include "websocket/connection.h"

namespace bao::websocket {

void Workspace::add_pending(Connection& connection) {
  if (connection.pending_) return;
  connection.pending_ = true;
  connection.previous_pending_ = pending_last_;
  connection.next_pending_ = nullptr;
  (pending_last_ != nullptr ? pending_last_->next_pending_ : pending_first_) = &connection;
  pending_last_ = &connection;
  if (!std::exchange(told_, true)) owner_.on_pending();
}

void Workspace::remove_pending(Connection& connection) {
  if (!std::exchange(connection.pending_, false)) return;
  Connection* previous = connection.previous_pending_;
  Connection* next = connection.next_pending_;
  (previous != nullptr ? previous->next_pending_ : pending_first_) = next;
  (next != nullptr ? next->previous_pending_ : pending_last_) = previous;
}

// What handlers leave for the end of the turn meanwhile is done as well; `told_` stays until the
// list is empty, so the owner is not told of it.
void Workspace::run_pending() {
  while (pending_first_ != nullptr) {
    Connection& connection = *pending_first_;
    remove_pending(connection);
    connection.run_pending();
  }
  told_ = false;
}

Compressor& Workspace::shared_compressor(int window_bits) {
  std::unique_ptr<Compressor>& compressor = compressors_.at(static_cast<size_t>(window_bits - 9));
  if (compressor == nullptr) {
    compressor = std::make_unique<Compressor>(window_bits, settings.deflate.compress_memory_level);
  }
  return *compressor;
}

Decompressor& Workspace::shared_decompressor() {
  if (decompressor_ == nullptr) decompressor_ = std::make_unique<Decompressor>(15);
  return *decompressor_;
}

std::unique_ptr<Decompressor> Workspace::take_decompressor() {
  if (decompressor_ != nullptr) return std::move(decompressor_);
  return std::make_unique<Decompressor>(15);
}

}  // namespace bao::websocket
