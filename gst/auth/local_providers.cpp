// The providers that need no server: a given key, and the application's own answer.
#include <memory>
#include <utility>

#include "auth/token_answer.h"
#include "auth/token_provider.h"
#include "base/log.h"
#include "base/ref.h"

OAIRT_LOG_USE(auth)

namespace oairt {
namespace {

// What was given by hand and is wrong does not heal by asking again.
Result<Token> given_token(const Secret &key, const std::string &source) {
  Result<Token> token = make_token(key.reveal(), source);
  if (token.ok()) return token;
  Error error = token.error();
  error.code = ErrorCode::Config;
  return error;
}

class StaticProvider : public TokenProvider {
 public:
  StaticProvider(EventLoop &loop, Secret key) : loop_(loop), key_(std::move(key)) {}

  void fetch(Callback callback) override {
    loop_.assert_in_loop();
    std::weak_ptr<char> alive = alive_;
    loop_.post([alive, callback = std::move(callback), key = key_] {
      if (!alive.expired()) callback(given_token(key, "The key property"));
    });
  }

 private:
  EventLoop &loop_;
  Secret key_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

// One question to the application. `ask` may block for as long as it likes, and outlive provider
// and loop: so it shares nothing with them but this, and reaches the loop through its GMainContext.
struct Question {
  std::function<Secret()> ask;  // the worker's only
  Ref<GMainContext> context;
  Secret answer;                        // the worker's until it is delivered
  std::function<void(Secret)> deliver;  // in the loop only
};

void deliver(std::shared_ptr<Question> question) {
  GSource *source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  // The source must not own the context that owns it.
  Ref<GMainContext> context = std::move(question->context);
  g_source_set_callback(
      source,
      [](gpointer data) -> gboolean {
        auto &question = *static_cast<std::shared_ptr<Question> *>(data);
        if (question->deliver) question->deliver(std::move(question->answer));
        return G_SOURCE_REMOVE;
      },
      new std::shared_ptr<Question>(std::move(question)),
      [](gpointer data) { delete static_cast<std::shared_ptr<Question> *>(data); });
  g_source_attach(source, context.get());
  g_source_unref(source);
}

gpointer run_question(gpointer data) {
  std::unique_ptr<std::shared_ptr<Question>> holder(static_cast<std::shared_ptr<Question> *>(data));
  std::shared_ptr<Question> question = std::move(*holder);
  question->answer = question->ask();
  question->ask = nullptr;  // what it holds of the application is released in this thread
  deliver(std::move(question));
  return nullptr;
}

class RequestProvider : public TokenProvider {
 public:
  RequestProvider(EventLoop &loop, std::function<Secret()> ask)
      : loop_(loop), ask_(std::move(ask)) {}
  ~RequestProvider() override {
    if (question_) question_->deliver = nullptr;
  }

  // A question that is still open answers this fetch too: an application that never returns costs
  // one thread and not one for each attempt.
  void fetch(Callback callback) override {
    loop_.assert_in_loop();
    callback_ = std::move(callback);
    if (question_) return;
    question_ = std::make_shared<Question>();
    question_->ask = ask_;
    question_->context = Ref<GMainContext>::share(loop_.context());
    question_->deliver = [this](Secret answer) { handle_answer(std::move(answer)); };
    LOG_INFO("asking the application for a token");
    auto holder = std::make_unique<std::shared_ptr<Question>>(question_);
    GThread *thread = g_thread_try_new("oairt-token", &run_question, holder.get(), nullptr);
    if (thread != nullptr) {
      static_cast<void>(holder.release());
      g_thread_unref(thread);
    } else {
      deliver(question_);  // an empty answer
    }
  }

 private:
  void handle_answer(Secret answer) {
    question_.reset();
    Callback callback = std::exchange(callback_, nullptr);
    if (answer.empty()) {
      // Its own token server may be down for the moment: worth another try.
      Error error;
      error.code = ErrorCode::Network;
      error.message = "The application gave no token when it was asked for one (request-token).";
      callback(std::move(error));  // may destroy this
    } else {
      callback(given_token(answer, "The handler of request-token"));  // may destroy this
    }
  }

  EventLoop &loop_;
  std::function<Secret()> ask_;
  Callback callback_;
  std::shared_ptr<Question> question_;
};

}  // namespace

std::unique_ptr<TokenProvider> make_static_provider(EventLoop &loop, Secret key) {
  return std::make_unique<StaticProvider>(loop, std::move(key));
}

std::unique_ptr<TokenProvider> make_request_provider(EventLoop &loop, std::function<Secret()> ask) {
  return std::make_unique<RequestProvider>(loop, std::move(ask));
}

}  // namespace oairt
