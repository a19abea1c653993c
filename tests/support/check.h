// What every test program shares: a main() over gst-check, a deadline wait, readable assertions.
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
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

namespace oairt::test {

// At exit libcrypto goes before gst-check ends GStreamer's threads, whose last steps need it (seen
// with OpenSSL 3.5). So they end while the test's own process still is whole.
// Nobody joins them: until their number has stood still for a while, some are on their way out.
inline void end_threads() {
  if (g_strcmp0(g_getenv("CK_FORK"), "no") == 0) return;
  gst_task_cleanup_all();
  auto threads = [] {
    auto all = std::filesystem::directory_iterator("/proc/self/task");
    return std::distance(std::filesystem::begin(all), std::filesystem::end(all));
  };
  auto before = threads();
  for (int still = 0, looks = 0; still < 5 && looks < 100; ++looks) {
    g_usleep(10 * 1000);
    auto now = threads();
    still = now == before ? still + 1 : 0;
    before = now;
  }
}

// Runs the tests, or those named in OAIRT_TESTS (separated by commas). `names` is the list as it
// stands in the source.
inline int run_tests(int argc, char **argv, const char *suite_name, const char *file,
                     const char *names, std::initializer_list<TFun> tests) {
  gst_check_init(&argc, &argv);
  Suite *suite = suite_create(suite_name);
  TCase *test_case = tcase_create("all");
  suite_add_tcase(suite, test_case);
  tcase_add_checked_fixture(test_case, nullptr, end_threads);
  const char *limit = g_getenv("OAIRT_TEST_TIMEOUT");
  tcase_set_timeout(test_case, limit != nullptr ? g_ascii_strtod(limit, nullptr) : 90);
  const char *chosen = g_getenv("OAIRT_TESTS");
  std::istringstream list(names);
  std::string name;
  for (TFun test : tests) {
    list >> name;
    if (!name.empty() && name.back() == ',') name.pop_back();
    bool wanted = chosen == nullptr ||
                  ("," + std::string(chosen) + ",").find("," + name + ",") != std::string::npos;
    if (wanted) tcase_add_test(test_case, test);
  }
  return gst_check_run_suite(suite, suite_name, file);
}

}  // namespace oairt::test

// One test case named `suite_name` with the tests listed.
#define OAIRT_TEST_MAIN(suite_name, ...) OAIRT_TEST_MAIN_UNLESS(nullptr, suite_name, __VA_ARGS__)

// The same, skipped if there is a reason (a text) against it.
#define OAIRT_TEST_MAIN_UNLESS(reason, suite_name, ...)                                            \
  int main(int argc, char **argv) {                                                                \
    if (const char *why = reason) {                                                                \
      std::printf("skipped: %s\n", why);                                                           \
      return 77;                                                                                   \
    }                                                                                              \
    return oairt::test::run_tests(argc, argv, #suite_name, __FILE__, #__VA_ARGS__, {__VA_ARGS__}); \
  }
