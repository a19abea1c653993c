#include "http/reachability.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <gio/gio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/ref.h"
#include "http/address_book.h"
#include "http/url.h"

OAIRT_LOG_USE(http)

namespace oairt {
namespace {

// How long addresses at which nothing is reached are believed before the name is looked up anew.
constexpr Duration kDoubtfulAge = std::chrono::seconds(10);

bool same_address(GSocketAddress *one, GSocketAddress *other) {
  auto *a = G_INET_SOCKET_ADDRESS(one);
  auto *b = G_INET_SOCKET_ADDRESS(other);
  return g_inet_socket_address_get_port(a) == g_inet_socket_address_get_port(b) &&
         g_inet_address_equal(g_inet_socket_address_get_address(a),
                              g_inet_socket_address_get_address(b)) != FALSE;
}

// A connection attempt to one address.
class Knock {
 public:
  enum class State { Pending, Reached, Refused, NoWay };

  Knock(GMainContext *context, Ref<GSocketAddress> address, std::function<void()> on_change)
      : address_(std::move(address)), on_change_(std::move(on_change)) {
    GSocketFamily family = g_socket_address_get_family(address_.get());
    socket_ = Ref<GSocket>::adopt(
        g_socket_new(family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr));
    if (!socket_) {
      state_ = State::NoWay;
      return;
    }
    g_socket_set_blocking(socket_.get(), FALSE);
    GError *raw = nullptr;
    gboolean done = g_socket_connect(socket_.get(), address_.get(), nullptr, &raw);
    UniqueError error(raw);
    if (done || !g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_PENDING)) {
      settle(error.get());
      return;
    }
    source_ = g_socket_create_source(socket_.get(), G_IO_OUT, nullptr);
    GSocketSourceFunc ready = &Knock::on_ready;
    g_source_set_callback(source_, G_SOURCE_FUNC(ready), this, nullptr);
    g_source_attach(source_, context);
  }
  ~Knock() { close(); }
  Knock(const Knock &) = delete;
  Knock &operator=(const Knock &) = delete;

  State state() const { return state_; }
  GSocketAddress *address() const { return address_.get(); }

 private:
  static gboolean on_ready(GSocket *, GIOCondition, gpointer data) {
    auto *self = static_cast<Knock *>(data);
    GError *raw = nullptr;
    g_socket_check_connect_result(self->socket_.get(), &raw);
    UniqueError error(raw);
    self->settle(error.get());
    self->on_change_();
    return G_SOURCE_REMOVE;
  }

  void settle(const GError *error) {
    if (error == nullptr) {
      state_ = is_own_echo() ? State::Refused : State::Reached;
    } else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED)) {
      state_ = State::Refused;
    } else {
      state_ = State::NoWay;
    }
    close();
  }

  // On loopback, a free port that was also drawn as our own is connected to itself.
  bool is_own_echo() const {
    auto local = Ref<GSocketAddress>::adopt(g_socket_get_local_address(socket_.get(), nullptr));
    return local && same_address(local.get(), address_.get());
  }

  void close() {
    if (source_ != nullptr) {
      g_source_destroy(source_);
      g_source_unref(std::exchange(source_, nullptr));
    }
    if (!socket_) return;
    // Nothing was said, so nothing can be lost: a reset leaves no TIME_WAIT behind.
    linger hard{1, 0};
    setsockopt(g_socket_get_fd(socket_.get()), SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    g_socket_close(socket_.get(), nullptr);
    socket_.reset();
  }

  Ref<GSocketAddress> address_;
  std::function<void()> on_change_;
  Ref<GSocket> socket_;
  GSource *source_ = nullptr;
  State state_ = State::Pending;
};

// One question: a knock at every address.
class Question {
 public:
  using Done = std::function<void(Reach)>;

  Question(EventLoop &loop, Duration timeout, Done done) : loop_(loop), done_(std::move(done)) {
    timeout_ = loop_.call_after(timeout, [this] {
      timeout_ = 0;
      finish(Reach::NoAnswer);
    });
  }
  ~Question() {
    loop_.cancel(timeout_);
    loop_.cancel(check_);
  }
  Question(const Question &) = delete;
  Question &operator=(const Question &) = delete;

  // `complete`: no more addresses are on their way.
  void knock(const Addresses &addresses, bool complete) {
    complete_ = complete;
    for (const Ref<GSocketAddress> &address : addresses) {
      bool tried = std::any_of(knocks_.begin(), knocks_.end(), [&](const auto &knock) {
        return same_address(knock->address(), address.get());
      });
      if (!tried) {
        knocks_.push_back(
            std::make_unique<Knock>(loop_.context(), address, [this] { check_later(); }));
      }
    }
    check_later();
  }

 private:
  // Never from within a knock or the question itself.
  void check_later() {
    if (check_ != 0) return;
    check_ = loop_.call_after(Duration::zero(), [this] {
      check_ = 0;
      check();
    });
  }

  void check() {
    int pending = count(Knock::State::Pending);
    if (count(Knock::State::Reached) > 0) {
      finish(Reach::Reachable);
    } else if (pending == 0 && complete_) {
      finish(count(Knock::State::Refused) > 0 ? Reach::Refused : Reach::NoAnswer);
    }
  }

  void finish(Reach reach) {
    Done done = std::move(done_);
    done(reach);  // destroys this
  }

  int count(Knock::State state) const {
    return static_cast<int>(
        std::count_if(knocks_.begin(), knocks_.end(),
                      [state](const auto &knock) { return knock->state() == state; }));
  }

  EventLoop &loop_;
  Done done_;
  std::vector<std::unique_ptr<Knock>> knocks_;
  bool complete_ = false;
  EventLoop::TimerId timeout_ = 0;
  EventLoop::TimerId check_ = 0;
};

class TcpProbe : public ReachabilityProbe {
 public:
  TcpProbe(EventLoop &loop, const std::string &url, const std::string &proxy)
      : loop_(loop),
        host_(shown_host(url)),
        book_(std::make_shared<AddressBook>(loop, url, proxy, [this] { names_changed(); })) {}
  ~TcpProbe() override { book_->close(); }

  void ask(Duration timeout, Callback callback) override {
    loop_.assert_in_loop();
    bool doubtful = !reached_ && book_->age() > kDoubtfulAge;
    if (book_->addresses().empty() || doubtful) book_->look_up();
    unsigned id = next_++;
    auto question =
        std::make_unique<Question>(loop_, timeout, [this, id](Reach reach) { finish(id, reach); });
    Question &asked = *question;
    questions_[id] = Asked{std::move(question), std::move(callback)};
    asked.knock(book_->addresses(), !book_->addresses().empty() || !book_->looking_up());
  }

 private:
  struct Asked {
    std::unique_ptr<Question> question;
    Callback callback;
  };

  void names_changed() {
    for (auto &[id, asked] : questions_) asked.question->knock(book_->addresses(), true);
  }

  void finish(unsigned id, Reach reach) {
    Callback callback = std::move(questions_.at(id).callback);
    questions_.erase(id);
    reached_ = reach == Reach::Reachable;
    LOG_DEBUG("%s: %s", host_.c_str(), to_string(reach));
    callback(reach);  // may destroy this
  }

  EventLoop &loop_;
  std::string host_;
  std::shared_ptr<AddressBook> book_;
  std::unordered_map<unsigned, Asked> questions_;
  unsigned next_ = 1;
  bool reached_ = false;
};

}  // namespace

const char *to_string(Reach reach) {
  switch (reach) {
    case Reach::Reachable:
      return "reachable";
    case Reach::Refused:
      return "refused";
    case Reach::NoAnswer:
      return "no answer";
  }
  return "unknown";
}

std::unique_ptr<ReachabilityProbe> make_reachability_probe(EventLoop &loop, const std::string &url,
                                                           const std::string &proxy) {
  return std::make_unique<TcpProbe>(loop, url, proxy);
}

}  // namespace oairt
