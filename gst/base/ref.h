// Owners as types: references to GObjects and GstMiniObjects, allocations of C libraries, signal
// handlers. Thread-safe as far as the wrapped reference counts are.
// Never hides a lifetime: adopt() takes a reference over, share() adds one.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <gst/gst.h>

namespace oairt {

// How a type is referenced. GObjects by default; the GstMiniObject types are listed below.
template <typename T>
struct RefTraits {
  static void ref(T *object) { g_object_ref(object); }
  static void unref(T *object) { g_object_unref(object); }
};

template <typename T>
struct MiniObjectTraits {
  static void ref(T *object) { gst_mini_object_ref(GST_MINI_OBJECT_CAST(object)); }
  static void unref(T *object) { gst_mini_object_unref(GST_MINI_OBJECT_CAST(object)); }
};
template <>
struct RefTraits<GstBuffer> : MiniObjectTraits<GstBuffer> {};
template <>
struct RefTraits<GstCaps> : MiniObjectTraits<GstCaps> {};
template <>
struct RefTraits<GstEvent> : MiniObjectTraits<GstEvent> {};
template <>
struct RefTraits<GstSample> : MiniObjectTraits<GstSample> {};
template <>
struct RefTraits<GstMessage> : MiniObjectTraits<GstMessage> {};
template <>
struct RefTraits<GstQuery> : MiniObjectTraits<GstQuery> {};
template <>
struct RefTraits<GstPromise> : MiniObjectTraits<GstPromise> {};
template <>
struct RefTraits<GMainContext> {
  static void ref(GMainContext *context) { g_main_context_ref(context); }
  static void unref(GMainContext *context) { g_main_context_unref(context); }
};
template <>
struct RefTraits<GBytes> {
  static void ref(GBytes *bytes) { g_bytes_ref(bytes); }
  static void unref(GBytes *bytes) { g_bytes_unref(bytes); }
};

template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  // Takes over the caller's reference (transfer full).
  static Ref adopt(T *object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  // Adds a reference (transfer none).
  static Ref share(T *object) {
    if (object != nullptr) RefTraits<T>::ref(object);
    return adopt(object);
  }
  // Takes a floating GObject (a fresh GstElement or GstPad) into ownership.
  static Ref sink(T *object) {
    if (object != nullptr) g_object_ref_sink(object);
    return adopt(object);
  }
  Ref(const Ref &other) : object_(other.object_) {
    if (object_ != nullptr) RefTraits<T>::ref(object_);
  }
  Ref(Ref &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref &operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { reset(); }

  void reset() {
    if (T *object = std::exchange(object_, nullptr)) RefTraits<T>::unref(object);
  }
  T *get() const { return object_; }
  T *operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // Hands the reference to a C function that takes it (transfer full).
  [[nodiscard]] T *take() { return std::exchange(object_, nullptr); }

 private:
  T *object_ = nullptr;
};

// Owner of something that a C library frees with `Free`.
template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T *pointer) const {
    if constexpr (std::is_invocable_v<decltype(Free), T *>) {
      Free(pointer);
    } else {
      Free(static_cast<void *>(pointer));
    }
  }
};
template <typename T, auto Free>
using Unique = std::unique_ptr<T, Deleter<Free>>;

using GString_ = Unique<gchar, g_free>;
using UniqueStructure = Unique<GstStructure, gst_structure_free>;
using UniqueError = Unique<GError, g_error_free>;

// One connected GObject signal handler; disconnects when it goes out of scope.
class SignalConnection {
 public:
  SignalConnection() = default;
  SignalConnection(gpointer instance, const char *signal, GCallback callback, gpointer data)
      : instance_(Ref<GObject>::share(G_OBJECT(instance))),
        id_(g_signal_connect(instance, signal, callback, data)) {}
  SignalConnection(SignalConnection &&other) noexcept
      : instance_(std::move(other.instance_)), id_(std::exchange(other.id_, 0)) {}
  SignalConnection &operator=(SignalConnection &&other) noexcept {
    disconnect();
    instance_ = std::move(other.instance_);
    id_ = std::exchange(other.id_, 0);
    return *this;
  }
  ~SignalConnection() { disconnect(); }
  void disconnect() {
    if (gulong id = std::exchange(id_, 0)) g_signal_handler_disconnect(instance_.get(), id);
    instance_.reset();
  }

 private:
  Ref<GObject> instance_;
  gulong id_ = 0;
};

}  // namespace oairt
