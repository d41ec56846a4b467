#include "outbound/client.h"

#include <algorithm>
#include <new>
#include <utility>

#include "outbound/transfer.h"

namespace bao::outbound {

namespace {
// Connections that are kept for later requests.
constexpr long kKeptConnections = 64;
}  // namespace

/// A descriptor that libcurl wants to be watched.
class Client::Watch final : public net::EventHandler {
 public:
  Watch(Client& client, curl_socket_t socket) : client_(client), socket_(socket) {}

  void set(uint32_t events) {
    if (events == events_) return;
    net::Loop& loop = client_.loop_;
    if (events_ == 0) {
      loop.watch(socket_, events, *this);
    } else {
      loop.rewatch(socket_, events, *this);
    }
    events_ = events;
  }

  void stop() {
    if (std::exchange(events_, 0) != 0) client_.loop_.unwatch(socket_);
    stopped_ = true;
  }

  void on_event(uint32_t events) override {
    if (stopped_) return;
    int action = 0;
    if (events & EPOLLIN) action |= CURL_CSELECT_IN;
    if (events & EPOLLOUT) action |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP)) action |= CURL_CSELECT_ERR;
    client_.act(socket_, action);
  }

 private:
  Client& client_;
  curl_socket_t socket_;
  uint32_t events_ = 0;
  bool stopped_ = false;
};

Client::Client(net::Loop& loop) : loop_(loop), alive_(std::make_shared<Client*>(this)) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  multi_ = initialized == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Client::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Client::on_curl_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kKeptConnections);
}

Client::~Client() {
  *alive_ = nullptr;
  for (Transfer* transfer : transfers_) transfer->abandon();
  curl_multi_cleanup(multi_);
}

void Client::add(Transfer& transfer) {
  transfers_.insert(&transfer);
  loop_.hold();
  curl_multi_add_handle(multi_, transfer.easy_);
}

void Client::remove(Transfer& transfer) {
  loop_.release();
  curl_multi_remove_handle(multi_, transfer.easy_);
}

void Client::forget(Transfer& transfer) {
  transfers_.erase(&transfer);
  // Not erased: `tell` may be walking over them.
  std::replace(news_.begin(), news_.end(), &transfer, static_cast<Transfer*>(nullptr));
}

void Client::tell_later(Transfer& transfer) {
  if (std::find(news_.begin(), news_.end(), &transfer) != news_.end()) return;
  news_.push_back(&transfer);
  if (news_.size() > 1 || telling_) return;
  loop_.defer(net::Work([alive = alive_] {
    if (*alive != nullptr) (*alive)->tell();
  }));
}

void Client::tell() {
  telling_ = true;
  // Those who are told may cause more news, and end transfers.
  for (size_t i = 0; i < news_.size(); ++i) {
    if (Transfer* transfer = std::exchange(news_[i], nullptr)) transfer->tell();
  }
  news_.clear();
  telling_ = false;
}

void Client::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  take_results();
}

void Client::on_timer() {
  act(CURL_SOCKET_TIMEOUT, 0);
}

void Client::take_results() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode result = message->data.result;
    char* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    reinterpret_cast<Transfer*>(owner)->end(result);
  }
}

int Client::on_socket(CURL*, curl_socket_t socket, int what, void* client, void* watched) {
  auto& self = *static_cast<Client*>(client);
  auto* watch = static_cast<Watch*>(watched);
  if (what == CURL_POLL_REMOVE) {
    if (watch == nullptr) return 0;
    watch->stop();
    curl_multi_assign(self.multi_, socket, nullptr);
    self.loop_.retire(std::unique_ptr<net::EventHandler>(watch));
    return 0;
  }
  try {
    if (watch == nullptr) {
      watch = new Watch(self, socket);
      curl_multi_assign(self.multi_, socket, watch);
    }
    watch->set((what & CURL_POLL_IN ? uint32_t{EPOLLIN} : 0u) |
               (what & CURL_POLL_OUT ? uint32_t{EPOLLOUT} : 0u));
  } catch (...) {
    return -1;
  }
  return 0;
}

int Client::on_curl_timer(CURLM*, long milliseconds, void* client) {
  auto& self = *static_cast<Client*>(client);
  if (milliseconds < 0) {
    self.loop_.timers().disarm(self);
  } else {
    self.loop_.timers().arm(self, net::Clock::now() + std::chrono::milliseconds(milliseconds));
  }
  return 0;
}

}  // namespace bao::outbound
