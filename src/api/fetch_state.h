#pragma once

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <bao/body.h>
#include <bao/fetch.h>

#include "outbound/transfer.h"

namespace bao::detail {

/// What a FetchRequest holds.
struct FetchOrder {
  outbound::Order order;
  std::optional<Body> source;
  std::optional<std::stop_token> stop;
};

/// A transfer on its way, with those who wait for it: one for what comes, and the coroutine that
/// gives it the body.
class FetchState final : public outbound::TransferObserver {
 public:
  explicit FetchState(FetchRequest request);
  FetchState(const FetchState&) = delete;
  FetchState& operator=(const FetchState&) = delete;
  ~FetchState();

  static Task<FetchReply> run(std::shared_ptr<FetchState> state);

  const outbound::Transfer& transfer() const { return *transfer_; }
  outbound::Transfer& transfer() { return *transfer_; }
  /// As if the other server had failed.
  void cancel();
  /// Throws the FetchError if the transfer has failed.
  void require_success() const;

  /// Waits for whatever comes next: the head, or content, or the end.
  class News {
   public:
    News(std::shared_ptr<FetchState> state, bool for_head)
        : state_(std::move(state)), for_head_(for_head) {}
    News(const News&) = delete;
    News& operator=(const News&) = delete;
    ~News() {
      if (waits_) state_->waiting_ = nullptr;
    }
    bool await_ready() const { return state_->ready(for_head_); }
    void await_suspend(std::coroutine_handle<> waiting);
    void await_resume() { waits_ = false; }

   private:
    std::shared_ptr<FetchState> state_;
    bool for_head_;
    bool waits_ = false;
  };

  // outbound::TransferObserver
  void on_news() override;

 private:
  struct Room;
  bool ready(bool for_head) const;
  static Task<void> pump(FetchState* state);
  void start_pump();

  std::string url_;
  bool cancelled_ = false;
  bool waits_for_head_ = false;
  std::optional<Body> source_;
  std::unique_ptr<outbound::Transfer> transfer_;
  std::coroutine_handle<> waiting_ = nullptr;
  std::coroutine_handle<> waiting_for_room_ = nullptr;
  std::coroutine_handle<Promise<void>> pump_ = nullptr;
  // Last, so that it is gone before what it would cancel.
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  std::shared_ptr<FetchState*> alive_ = std::make_shared<FetchState*>(this);
};

}  // namespace bao::detail
