// GObject signals into C++ functions that may come from any thread.
// Thread-safe: a function lives as long as an emission that runs it, also after disconnection.
// Never waits for an emission under way.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include <gst/gst.h>

#include "base/ref.h"

namespace oairt {

class SignalHandler {
 public:
  SignalHandler() = default;
  SignalHandler(SignalHandler &&other) noexcept
      : instance_(std::move(other.instance_)), id_(std::exchange(other.id_, 0)) {}
  SignalHandler &operator=(SignalHandler &&other) noexcept {
    disconnect();
    instance_ = std::move(other.instance_);
    id_ = std::exchange(other.id_, 0);
    return *this;
  }
  ~SignalHandler() { disconnect(); }
  void disconnect() {
    if (gulong id = std::exchange(id_, 0)) g_signal_handler_disconnect(instance_.get(), id);
    instance_.reset();
  }

  // `Args` are the signal's C arguments behind the instance.
  template <typename... Args>
  static SignalHandler connect(gpointer instance, const char *signal,
                               std::type_identity_t<std::function<void(Args...)>> function) {
    using Function = std::function<void(Args...)>;
    SignalHandler handler;
    handler.instance_ = Ref<GObject>::share(G_OBJECT(instance));
    void (*call)(gpointer, Args..., gpointer) = [](gpointer, Args... args, gpointer data) {
      (*static_cast<Function *>(data))(args...);
    };
    handler.id_ = g_signal_connect_data(
        instance, signal, G_CALLBACK(call), new Function(std::move(function)),
        [](gpointer data, GClosure *) { delete static_cast<Function *>(data); },
        static_cast<GConnectFlags>(0));
    return handler;
  }

 private:
  Ref<GObject> instance_;
  gulong id_ = 0;
};

}  // namespace oairt
