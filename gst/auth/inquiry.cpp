#include "auth/inquiry.h"

#include <utility>

#include "base/ref.h"

namespace oairt {

// `ask` may block for as long as it likes, and outlive inquiry and loop: so the worker shares
// nothing with them but this, and reaches the loop through its GMainContext.
struct Inquiry::Question {
  std::function<Secret()> ask;  // the worker's only
  Ref<GMainContext> context;
  Secret answer;                        // the worker's until it is delivered
  std::function<void(Secret)> deliver;  // in the loop only
};

Inquiry::Inquiry(EventLoop &loop, std::function<Secret()> ask)
    : loop_(loop), ask_(std::move(ask)) {}

Inquiry::~Inquiry() {
  if (question_) question_->deliver = nullptr;
}

void Inquiry::deliver(std::shared_ptr<Question> question) {
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

gpointer Inquiry::run(gpointer data) {
  std::unique_ptr<std::shared_ptr<Question>> holder(static_cast<std::shared_ptr<Question> *>(data));
  std::shared_ptr<Question> question = std::move(*holder);
  question->answer = question->ask();
  question->ask = nullptr;  // what it holds of the application is released in this thread
  deliver(std::move(question));
  return nullptr;
}

void Inquiry::ask(std::function<void(Secret)> callback) {
  loop_.assert_in_loop();
  callback_ = std::move(callback);
  if (question_) return;
  question_ = std::make_shared<Question>();
  question_->ask = ask_;
  question_->context = Ref<GMainContext>::share(loop_.context());
  question_->deliver = [this](Secret answer) {
    question_.reset();
    auto callback = std::exchange(callback_, nullptr);
    callback(std::move(answer));  // may destroy this
  };
  auto holder = std::make_unique<std::shared_ptr<Question>>(question_);
  GThread *thread = g_thread_try_new("oairt-ask", &Inquiry::run, holder.get(), nullptr);
  if (thread != nullptr) {
    static_cast<void>(holder.release());
    g_thread_unref(thread);
  } else {
    deliver(question_);  // an empty answer
  }
}

}  // namespace oairt
