// What every test program shares: a main() over gst-check, a deadline wait, readable assertions.
#pragma once

#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include <gst/check/gstcheck.h>

#include "base/clock.h"

#undef fail  // a macro of gst-check that breaks the streams of the standard library

namespace oairt::test {

// Runs the default main context until the condition holds, at most until the deadline.
inline bool wait_for(const std::function<bool()> &condition,
                     Duration limit = std::chrono::seconds(10)) {
  TimePoint deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    GSource *wake = g_timeout_source_new(2);
    g_source_set_callback(
        wake, [](gpointer) -> gboolean { return G_SOURCE_CONTINUE; }, nullptr, nullptr);
    g_source_attach(wake, nullptr);
    g_main_context_iteration(nullptr, TRUE);
    g_source_destroy(wake);
    g_source_unref(wake);
  }
  return true;
}

}  // namespace oairt::test

#define assert_text(actual, expected)                                          \
  do {                                                                         \
    std::string actual_text_ = (actual), expected_text_ = (expected);          \
    fail_unless(actual_text_ == expected_text_, "expected \"%s\", got \"%s\"", \
                expected_text_.c_str(), actual_text_.c_str());                 \
  } while (0)

#define assert_contains(text, part)                                                               \
  do {                                                                                            \
    std::string text_ = (text), part_ = (part);                                                   \
    fail_unless(text_.find(part_) != std::string::npos, "\"%s\" is not in \"%s\"", part_.c_str(), \
                text_.c_str());                                                                   \
  } while (0)

// One test case named `suite_name` with the tests listed.
#define OAIRT_TEST_MAIN(suite_name, ...)                             \
  int main(int argc, char **argv) {                                  \
    gst_check_init(&argc, &argv);                                    \
    Suite *suite = suite_create(#suite_name);                        \
    TCase *test_case = tcase_create("all");                          \
    suite_add_tcase(suite, test_case);                               \
    tcase_set_timeout(test_case, 60);                                \
    for (TFun test : {__VA_ARGS__}) tcase_add_test(test_case, test); \
    return gst_check_run_suite(suite, #suite_name, __FILE__);        \
  }
