#pragma once

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>
#include <span>
#include <sys/epoll.h>
#include <type_traits>
#include <utility>
#include <vector>

#include "net/call_batch.h"
#include "net/file_descriptor.h"
#include "net/timer_queue.h"

namespace bao::net {

/// Told when a watched descriptor is ready.
class EventHandler {
 public:
  virtual ~EventHandler() = default;

  /// `events` is epoll's mask (EPOLLIN, EPOLLOUT, EPOLLHUP…). May be called once more in the turn
  /// in which the descriptor was unwatched: hand the handler to `Loop::retire` instead of deleting
  /// it.
  virtual void on_event(uint32_t events) = 0;
  /// Called for several events before the first of them is told by `on_event`, on a loop that reads
  /// together: whoever is going to read may add that to `calls`, one call into `room`, kRoomAhead
  /// bytes, which are its own until its `on_event` is over.
  virtual void read_ahead(uint32_t /*events*/, CallBatch& /*calls*/, std::span<char> /*room*/) {}
};

/// A unit of work: a callable, move-only ones included, that is run once.
class Work {
 public:
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Work>)
  explicit Work(F&& f) : call_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(f))) {}
  void operator()() { call_->run(); }

 private:
  struct Call {
    virtual ~Call() = default;
    virtual void run() = 0;
  };
  template <typename F>
  struct Holder final : Call {
    explicit Holder(F f) : f(std::move(f)) {}
    void run() override { f(); }
    F f;
  };
  std::unique_ptr<Call> call_;
};

/// Something that lives on a loop and must end with it, a server say.
class Resident {
 public:
  /// The loop is being destroyed: the resident must leave (`Loop::remove_resident`) before it
  /// returns, and stop using the loop afterwards. It may retire handlers and defer work, which is
  /// then destroyed without being run.
  virtual void on_loop_end() = 0;

 protected:
  Resident() = default;
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;
  ~Resident() = default;

 private:
  friend class Loop;
  Resident* previous_ = nullptr;
  Resident* next_ = nullptr;
  bool lives_here_ = false;
};

/// One thread's event loop over epoll: descriptors, timers, deferred work and work from other
/// threads. Everything but `post` and `wake` may only be called on the thread that runs it.
class Loop {
 public:
  /// Events taken in one turn unless told otherwise: enough to batch, few enough that timers are
  /// not late behind a full batch.
  static constexpr size_t kEventsATurn = 256;
  /// What is read ahead of one event at most, in bytes: few requests are longer. No power of two,
  /// or the beginnings of all rooms would compete for the same few places of the processor's first
  /// cache.
  static constexpr size_t kRoomAhead = size_t{63} * 64;

  /// A turn handles at most `events_a_turn` (above zero) descriptors; those that are left are
  /// handled by the next ones, each in its turn. Throws std::system_error if the kernel refuses
  /// the descriptors that a loop needs (epoll, eventfd).
  explicit Loop(size_t events_a_turn = kEventsATurn);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // -- Descriptors

  /// Watches `fd`, level-triggered. `handler` must stay alive until `unwatch` and the end of that
  /// turn. Throws std::system_error if the kernel has no room.
  void watch(int fd, uint32_t events, EventHandler& handler);
  /// Changes the events of a watched descriptor.
  void rewatch(int fd, uint32_t events, EventHandler& handler);
  /// Stops watching. Call it before closing `fd`.
  void unwatch(int fd);
  /// Deletes `handler` at the end of the turn, when no event of this turn can reach it any more:
  /// its own neither, which may not be over.
  void retire(std::unique_ptr<EventHandler> handler);

  /// For whoever has several calls to make at once; they must be made before it returns to the
  /// loop.
  CallBatch& calls() { return calls_; }
  /// From now on what the events of a turn are to read is read in batches, if the calls of a batch
  /// enter the kernel together. Worth it where replies leave in batches, too, so that those to many
  /// connections wait for each other anyway.
  void read_together() { reads_together_ = true; }

  // -- Time

  TimerQueue& timers() { return timers_; }
  /// The time of the last wake-up or `catch_up`: the system's clock is not read for each use. While
  /// no timer is due within a second it is the time of the kernel's last tick, up to 10 ms ago. A
  /// reference, good as long as the loop, so that whoever needs the time needs no loop.
  const TimePoint& now() const { return now_; }
  /// Wall-clock time of then, in seconds since the epoch (for the Date field). A reference,
  /// likewise.
  const std::time_t& wall_time() const { return wall_time_; }
  /// Brings `now` and `wall_time` up to date if the kernel's clock has ticked since they were read.
  /// For whoever is about to note when something happened: what ran earlier in this turn may have
  /// taken seconds, and between the turns of a loop that is embedded the last wake-up may be long
  /// ago. Each event of a turn begins caught up. A few nanoseconds, little beside a system call.
  void catch_up();
  /// For embedding: from now on neither events nor `note_time` catch up. Whoever embeds does it
  /// instead, whenever code of the program has run: nothing else takes long.
  void leave_time_to_embedding() { keeps_time_ = false; }
  /// For whoever is about to note when something happened.
  void note_time() {
    if (keeps_time_) catch_up();
  }

  // -- Work

  /// Runs `work` at the end of this turn, or of the next one if no turn is running.
  void defer(Work work) { deferred_.push_back(std::move(work)); }

  /// Runs `work` on the loop's thread, in the order of the calls. Any thread may call it, as long
  /// as the loop lives. Work that is posted to a loop that never runs again is destroyed with the
  /// loop.
  void post(Work work);

  // -- Life

  /// While the count of holds is above zero, `run` does not return.
  void hold() { ++holds_; }
  void release() { --holds_; }
  bool alive() const;

  /// The loop ends those that came last first.
  void add_resident(Resident& resident);
  /// Does nothing if it is not there.
  void remove_resident(Resident& resident);
  /// Ends all residents now; the destructor does it otherwise.
  void end_residents();

  /// Runs turns until nothing keeps the loop alive or `stop` is called.
  void run();
  /// Makes `run` return at the end of this turn.
  void stop() { stopped_ = true; }
  /// One turn: waits at most `timeout` (negative: until something happens; never past the next
  /// timer), then handles what is ready and fires the timers that were due when it woke up. Must
  /// not be called from within a turn. How many descriptors were ready: if many, others may have
  /// become so meanwhile.
  size_t turn(std::chrono::milliseconds timeout);
  /// True while a turn runs.
  bool in_turn() const { return in_turn_; }

  /// For embedding in another loop: readable when `turn(0ms)` has descriptors or posted work to
  /// handle.
  int fd() const { return epoll_.get(); }
  /// For embedding: how long the other loop may wait before it must call `turn`. Negative: for
  /// ever. For a timer that is over a second away it is too long by one tick of the kernel's clock
  /// at most.
  std::chrono::milliseconds time_to_next_timer() const;
  /// For embedding: whether deferred work waits for the next turn. Whoever uses what lives on the
  /// loop outside of a turn, to send a reply from a timer of the other loop say, may leave some.
  bool has_deferred() const { return !deferred_.empty(); }

 private:
  class Wakeup;

  bool timer_is_near(TimePoint now) const;
  void tell(std::span<const epoll_event> events);
  void read_ahead(std::span<const epoll_event> events);
  void run_posted();
  void finish_turn();

  FileDescriptor epoll_;
  std::unique_ptr<Wakeup> wakeup_;
  TimerQueue timers_;
  TimePoint now_;
  std::time_t wall_time_ = 0;
  int holds_ = 0;
  bool stopped_ = false;
  bool in_turn_ = false;
  bool caught_up_ = false;
  bool keeps_time_ = true;
  bool reads_together_ = false;
  std::vector<Work> deferred_;
  std::vector<std::unique_ptr<EventHandler>> retired_;
  std::vector<epoll_event> events_;
  CallBatch calls_;
  std::unique_ptr<char[]> room_ahead_;
  Resident* residents_ = nullptr;

  std::atomic<bool> has_posted_{false};
  std::mutex posted_mutex_;
  std::vector<Work> posted_;
};

}  // namespace bao::net
