// What the element tests share: elements by name, pipelines, the bus, and a count of what is left.
// Thread-bound to the test.
// Never sleeps: conditions have a deadline.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gst/check/gstharness.h>

#include "base/ref.h"
#include "fake_session.h"
#include "support/check.h"

namespace oairt::test {

// Registers the elements without a plugin; before the first test.
void register_elements();

Ref<GstElement> make(const char *factory);
Ref<GstElement> launch(const std::string &line);
Ref<GstElement> child(const Ref<GstElement> &bin, const char *name);
std::string get_text(GstElement *element, const char *property);
void set_state(const Ref<GstElement> &element, GstState state);

// All messages of these types that are on the bus; takes them off.
std::vector<Ref<GstMessage>> take_messages(const Ref<GstElement> &pipeline, GstMessageType types);
// As "warning: text | detail" or "error: text | detail".
std::vector<std::string> take_failures(const Ref<GstElement> &pipeline);

// Elements, pads and buffers that still live: none may at the end of a test.
std::vector<std::string> live_objects();
void assert_nothing_left();

}  // namespace oairt::test

// A test that begins with nothing and must leave nothing.
#define OAIRT_ELEMENT_TEST(name)        \
  static void name##_body();            \
  GST_START_TEST(name) {                \
    oairt::test::register_elements();   \
    name##_body();                      \
    oairt::test::assert_nothing_left(); \
  }                                     \
  GST_END_TEST                          \
  static void name##_body()
