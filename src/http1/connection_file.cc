#include <algorithm>
#include <utility>

#include "http1/connection.h"
#include "net/read_at.h"

// Files on their way out.
namespace bao::http1 {

using http::Failure;
using Status = net::IoResult::Status;

// Sends what is gathered and the beginning of the file. The rest waits as a file: nothing of it is
// read before the peer has room.
void Connection::send_file(http::FileContent& content) {
  if (content.length <= kJoined) return join_file(content);
  std::string_view before = out_->view();
  const size_t most = kMostAtATurn - std::min(burst_, kMostAtATurn);
  if (queue_ == nullptr && most > 0) {
    const iovec piece{const_cast<char*>(before.data()), before.size()};
    const net::IoResult result =
        transport_->write_file({&piece, 1}, content.file.get(), content.offset,
                               static_cast<size_t>(std::min<uint64_t>(content.length, most)));
    if (result.status == Status::broken) return close(false, Failure::client_gone);
    workspace_.counters.bytes_out += result.bytes;
    if (result.bytes > 0) last_activity_ = workspace_.now;
    const size_t of_file = result.bytes - std::min(before.size(), result.bytes);
    before.remove_prefix(result.bytes - of_file);
    content.offset += of_file;
    content.length -= of_file;
    burst_ += of_file;
  }
  if (content.length > 0) {
    if (queue_ == nullptr) queue_ = std::make_unique<OutputQueue>();
    queue_->append_copy(before);
    queue_->append(std::move(content));
  }
  out_->clear();
}

// A small file leaves in one write with its head.
void Connection::join_file(const http::FileContent& content) {
  const auto length = static_cast<size_t>(content.length);
  char* const to = out_->reserve(length);
  size_t read = 0;
  while (read < length) {
    const ssize_t count =
        net::read_at(content.file.get(), {to + read, length - read}, content.offset + read);
    if (count <= 0) return close(true, Failure::aborted);  // the head has announced more
    read += static_cast<size_t>(count);
  }
  out_->commit(length);
}

}  // namespace bao::http1
