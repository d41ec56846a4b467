#include "outbound/transfer.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <utility>

#include "http/displayed_text.h"
#include "http/tokens.h"

namespace bao::outbound {

namespace {

// More than this waits nowhere: then the other server is not read from.
constexpr size_t kContentWindow = 64 * 1024;

void check_url(const std::string& url) {
  CURLU* parsed = curl_url();
  char* scheme = nullptr;
  const bool ok = curl_url_set(parsed, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
                  curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK;
  const std::string_view name = ok ? scheme : "";
  const bool web = name == "http" || name == "https";
  curl_free(scheme);
  curl_url_cleanup(parsed);
  if (web && url.find('\0') == url.npos) return;
  throw std::invalid_argument("bao::fetch of " + http::quote(url) +
                              ": give an absolute http or https URL");
}

// Framing is ours, and libcurl's, to say.
bool is_framing(std::string_view name) {
  return http::equals_ignoring_case(name, "content-length") ||
         http::equals_ignoring_case(name, "transfer-encoding") ||
         http::equals_ignoring_case(name, "connection") ||
         http::equals_ignoring_case(name, "expect");
}

Failure failure_of(CURLcode result) {
  switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST: return Failure::unresolved;
    case CURLE_COULDNT_CONNECT: return Failure::unreachable;
    case CURLE_OPERATION_TIMEDOUT: return Failure::timed_out;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER: return Failure::insecure;
    case CURLE_ABORTED_BY_CALLBACK: return Failure::body;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return Failure::cut;
    default: return Failure::malformed;
  }
}

}  // namespace

Transfer::Transfer(Client& client, Order order, TransferObserver& observer)
    : client_(&client), order_(std::move(order)), observer_(observer) {
  check_url(order_.url);
  easy_ = curl_easy_init();
  if (easy_ == nullptr) throw std::bad_alloc();
  set_up();
  set_up_body();
  set_up_fields();
  under_way_ = true;
  note_activity();
  client_->add(*this);
}

Transfer::~Transfer() {
  stop();
  if (client_ != nullptr) client_->forget(*this);
  curl_easy_cleanup(easy_);
  curl_slist_free_all(lines_);
}

void Transfer::set_up() {
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(easy_, option, value);
  };
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_URL, order_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  // What comes by HTTP/2 while we do not take it would be kept in memory.
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_PROXY, "");  // not the environment's
  set(CURLOPT_BUFFERSIZE, long{kContentWindow});
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(order_.connect_timeout.count()));
  if (!order_.unix_path.empty()) {
    const bool abstract = order_.unix_path[0] == '\0';
    set(abstract ? CURLOPT_ABSTRACT_UNIX_SOCKET : CURLOPT_UNIX_SOCKET_PATH,
        order_.unix_path.c_str() + (abstract ? 1 : 0));
  }
  const bool reads = order_.method == "GET" || order_.method == "HEAD";
  if (!reads || order_.has_body) order_.max_redirects = 0;
  set(CURLOPT_FOLLOWLOCATION, order_.max_redirects > 0 ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(order_.max_redirects));
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_content);
  set(CURLOPT_WRITEDATA, this);
}

void Transfer::set_up_body() {
  if (order_.method == "HEAD" && !order_.has_body) {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  if (order_.has_body) {
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &Transfer::on_read);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
    if (order_.streamed) {
      // A connection that was kept may have ended meanwhile, and then it would be sent twice.
      curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
    } else {
      order_.body_length = order_.body.size();
      upload_ = std::move(order_.body);
      upload_ended_ = true;
      curl_easy_setopt(easy_, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
      curl_easy_setopt(easy_, CURLOPT_SEEKDATA, this);
    }
    const curl_off_t length =
        order_.body_length ? static_cast<curl_off_t>(*order_.body_length) : curl_off_t{-1};
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, length);
  }
  // Last, because the options before choose methods of their own.
  if (order_.method != "GET" || order_.has_body) {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, order_.method.c_str());
  }
}

void Transfer::add_line(const std::string& line) {
  curl_slist* longer = curl_slist_append(lines_, line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  lines_ = longer;
}

// Only what the program says, and what framing needs: libcurl's own ideas are switched off.
void Transfer::set_up_fields() {
  add_line("Expect:");
  if (!order_.fields.has("Accept")) add_line("Accept:");
  for (auto [name, value] : order_.fields) {
    if (is_framing(name)) continue;
    std::string line(name);
    add_line(value.empty() ? line + ";" : line.append(": ").append(value));
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, lines_);
}

// ---- Ends

void Transfer::stop() {
  if (!std::exchange(under_way_, false)) return;
  client_->loop().timers().disarm(*this);
  client_->remove(*this);
}

void Transfer::abandon() {
  stop();
  client_ = nullptr;
  if (std::exchange(ended_, true)) return;
  failure_ = Failure::stopped;
  reason_ = "the loop has ended";
}

void Transfer::end(CURLcode result) {
  if (result != CURLE_OK && failure_ == Failure::none) {
    failure_ = failure_of(result);
    reason_ = error_[0] != '\0' ? error_ : curl_easy_strerror(result);
  }
  ended_ = true;
  if (result == CURLE_OK && !has_head_) end_head();
  stop();
  client_->tell_later(*this);
}

void Transfer::fail(Failure failure, std::string reason) {
  if (ended_) return;
  failure_ = failure;
  reason_ = std::move(reason);
  ended_ = true;
  stop();
  client_->tell_later(*this);
}

// ---- Time

void Transfer::note_activity() {
  last_activity_ = client_->loop().now();
  if (order_.timeout.count() > 0 && !armed()) {
    client_->loop().timers().arm(*this, last_activity_ + order_.timeout);
  }
}

// What waits for us is not late.
void Transfer::on_timer() {
  if (content_paused_ || upload_paused_) last_activity_ = client_->loop().now();
  const net::TimePoint due = last_activity_ + order_.timeout;
  if (due > client_->loop().now()) return client_->loop().timers().arm(*this, due);
  fail(Failure::timed_out, "nothing came for " + std::to_string(order_.timeout.count()) + " ms");
}

// ---- The head

size_t Transfer::on_header(char* data, size_t, size_t size, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  if (self.has_head_) return size;  // trailer fields
  self.note_activity();
  self.head_bytes_ += static_cast<uint32_t>(std::min<size_t>(size, UINT32_MAX / 2));
  std::string_view line(data, size);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (self.head_bytes_ > self.order_.max_head_bytes) {
    self.reason_ = "the head of the reply is too large";
  } else if (line.empty()) {
    self.end_head();
    return size;
  } else if (line.starts_with("HTTP/")) {
    self.begin_head(line);
    return size;
  } else if (self.take_field(line)) {
    return size;
  } else {
    self.reason_ = "a field of the reply is malformed";
  }
  self.failure_ = Failure::malformed;
  return 0;
}

// Of an interim reply, of a redirect, or of the one that is meant.
void Transfer::begin_head(std::string_view line) {
  fields_ = {};
  status_ = 0;
  const size_t space = std::min(line.find(' '), line.size());
  line.remove_prefix(std::min(space + 1, line.size()));
  std::from_chars(line.data(), line.data() + std::min<size_t>(line.size(), 3), status_);
}

bool Transfer::take_field(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == line.npos || !http::is_token(line.substr(0, colon))) return false;
  const std::string_view value = http::trim_whitespace(line.substr(colon + 1));
  if (!http::is_field_value(value)) return false;
  fields_.append(line.substr(0, colon), value);
  return true;
}

bool Transfer::will_redirect() const {
  const bool redirect =
      status_ == 301 || status_ == 302 || status_ == 303 || status_ == 307 || status_ == 308;
  return redirect && order_.max_redirects > 0 && fields_.has("Location");
}

void Transfer::end_head() {
  if (status_ / 100 == 1 || (will_redirect() && !ended_)) return;
  has_head_ = true;
  client_->tell_later(*this);
}

// ---- Content, both ways

size_t Transfer::on_content(char* data, size_t, size_t size, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  if (!self.has_head_) return size;  // that of a redirect
  self.note_activity();
  if (self.content_.size() >= kContentWindow) {
    self.content_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  self.content_.append(data, size);
  self.client_->tell_later(self);
  return size;
}

std::string Transfer::take_content() {
  std::string content = std::exchange(content_, {});
  if (std::exchange(content_paused_, false)) unpause();
  return content;
}

size_t Transfer::on_read(char* room, size_t, size_t size, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  self.note_activity();
  if (self.upload_failed_) return CURL_READFUNC_ABORT;
  if (self.uploaded_ == self.upload_.size()) {
    if (self.upload_ended_) return 0;
    self.upload_paused_ = true;
    return CURL_READFUNC_PAUSE;
  }
  const size_t count = std::min(size, self.upload_.size() - self.uploaded_);
  self.upload_.copy(room, count, self.uploaded_);
  self.uploaded_ += count;
  if (self.order_.streamed && self.uploaded_ == self.upload_.size()) {
    std::string().swap(self.upload_);
    self.uploaded_ = 0;
    self.client_->tell_later(self);
  }
  return count;
}

// A body that is here as a whole can be sent again.
int Transfer::on_seek(void* transfer, curl_off_t offset, int origin) {
  auto& self = *static_cast<Transfer*>(transfer);
  if (origin != SEEK_SET || offset < 0 || static_cast<size_t>(offset) > self.upload_.size()) {
    return CURL_SEEKFUNC_CANTSEEK;
  }
  self.uploaded_ = static_cast<size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

void Transfer::supply(std::string piece) {
  if (ended_ || piece.empty()) return;
  upload_ = std::move(piece);
  uploaded_ = 0;
  if (std::exchange(upload_paused_, false)) unpause();
}

void Transfer::finish_body() {
  upload_ended_ = true;
  if (std::exchange(upload_paused_, false)) unpause();
}

void Transfer::fail_body() {
  upload_failed_ = true;
  fail(Failure::body, "the body of the request did not arrive");
}

void Transfer::unpause() {
  if (!under_way_) return;
  note_activity();
  curl_easy_pause(easy_,
                  (content_paused_ ? CURLPAUSE_RECV : 0) | (upload_paused_ ? CURLPAUSE_SEND : 0));
}

}  // namespace bao::outbound
