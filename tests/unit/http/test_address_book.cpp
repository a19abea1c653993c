#include "http/address_book.h"
#include "http/reachability.h"
#include "support/http_bench.h"

using namespace oairt;        // NOLINT: a test reads better without the prefix
using namespace oairt::test;  // NOLINT

using std::chrono::seconds;

namespace {

// A name server that the tests rule: answers 127.0.0.1, fails, or keeps silent.
enum class Mood { Answer, Fail, Silent };
std::atomic<Mood> mood{Mood::Answer};
std::atomic<int> asked{0};
Mutex silent_mutex;
std::vector<GTask *> silent OAIRT_GUARDED_BY(silent_mutex);

void reply(GTask *task) {
  GList *list = g_list_append(nullptr, g_inet_address_new_from_string("127.0.0.1"));
  g_task_return_pointer(task, list, [](gpointer addresses) {
    g_resolver_free_addresses(static_cast<GList *>(addresses));
  });
  g_object_unref(task);
}

void look_up_async(GResolver *resolver, const gchar *, GCancellable *cancellable,
                   GAsyncReadyCallback callback, gpointer data) {
  ++asked;
  GTask *task = g_task_new(resolver, cancellable, callback, data);
  if (mood == Mood::Answer) {
    reply(task);
  } else if (mood == Mood::Fail) {
    g_task_return_new_error(task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE, "no");
    g_object_unref(task);
  } else {
    LockGuard lock(silent_mutex);
    silent.push_back(task);
  }
}

GList *look_up_finish(GResolver *, GAsyncResult *result, GError **error) {
  return static_cast<GList *>(g_task_propagate_pointer(G_TASK(result), error));
}

struct RuledResolver {
  GResolver parent;
};
struct RuledResolverClass {
  GResolverClass parent;
};
GType ruled_resolver_get_type();
G_DEFINE_TYPE(RuledResolver, ruled_resolver, G_TYPE_RESOLVER)
void ruled_resolver_class_init(RuledResolverClass *klass) {
  klass->parent.lookup_by_name_async = &look_up_async;
  klass->parent.lookup_by_name_finish = &look_up_finish;
}
void ruled_resolver_init(RuledResolver *) {}

void rule(Mood first) {
  auto resolver =
      Ref<GResolver>::adopt(G_RESOLVER(g_object_new(ruled_resolver_get_type(), nullptr)));
  g_resolver_set_default(resolver.get());
  mood = first;
  asked = 0;
}

// What the silent name server says at last.
void break_silence() {
  std::vector<GTask *> tasks;
  {
    LockGuard lock(silent_mutex);
    tasks.swap(silent);
  }
  for (GTask *task : tasks) reply(task);
}

std::string url_of(int port) { return "http://service.example:" + std::to_string(port) + "/v1"; }

// Probes a port of this machine by a name: as a proxy, so that the system's settings do not matter.
class NamedProbe {
 public:
  explicit NamedProbe(int port) {
    run_in(loop_, [&] {
      probe_ = make_reachability_probe(loop_, "https://far.example/", url_of(port));
      return true;
    });
  }
  ~NamedProbe() {
    run_in(loop_, [&] { return probe_.reset(), true; });
    break_silence();
    run_in(loop_, [] { return true; });
  }
  Awaited<Reach> start(Duration timeout) {
    Awaited<Reach> reach;
    run_in(loop_, [&] { return probe_->ask(timeout, reach.callback()), true; });
    return reach;
  }
  Reach ask(Duration timeout = seconds(10)) {
    auto reach = start(timeout).wait();
    fail_unless(reach.has_value(), "no answer at all");
    return *reach;
  }

 private:
  EventLoop loop_{"test-loop"};
  std::unique_ptr<ReachabilityProbe> probe_;
};

}  // namespace

GST_START_TEST(a_name_that_is_known_is_not_waited_for) {
  rule(Mood::Answer);
  auto server = std::make_unique<RawServer>([](int, int) {});
  NamedProbe probe(server->port());
  fail_unless(probe.ask() == Reach::Reachable);
  mood = Mood::Silent;
  fail_unless(probe.ask() == Reach::Reachable);
  server.reset();
  fail_unless(probe.ask() == Reach::Refused);
  fail_unless(probe.ask() == Reach::Refused);
  fail_unless_equals_int(asked, 1);
}
GST_END_TEST

GST_START_TEST(a_silent_name_server_is_asked_once_and_heard_when_it_speaks) {
  rule(Mood::Silent);
  RawServer server([](int, int) {});
  NamedProbe probe(server.port());
  fail_unless(probe.ask(milliseconds(50)) == Reach::NoAnswer);
  auto waiting = probe.start(seconds(10));
  fail_unless(probe.ask(milliseconds(50)) == Reach::NoAnswer);
  fail_unless_equals_int(asked, 1);
  break_silence();
  fail_unless(waiting.wait() == Reach::Reachable);
}
GST_END_TEST

GST_START_TEST(a_name_server_that_fails_is_no_answer_and_asked_again) {
  rule(Mood::Fail);
  RawServer server([](int, int) {});
  NamedProbe probe(server.port());
  TimePoint before = Clock::now();
  fail_unless(probe.ask() == Reach::NoAnswer);
  fail_unless(Clock::now() - before < seconds(5), "waited where nothing can come");
  mood = Mood::Answer;
  fail_unless(probe.ask() == Reach::Reachable);
  fail_unless_equals_int(asked, 2);
}
GST_END_TEST

GST_START_TEST(what_is_known_stays_when_the_name_server_goes) {
  rule(Mood::Answer);
  EventLoop loop("test-loop");
  std::atomic<int> changes{0};
  std::shared_ptr<AddressBook> book;
  auto known = [&] { return run_in(loop, [&] { return book->addresses().size(); }); };
  run_in(loop, [&] {
    book = std::make_shared<AddressBook>(loop, "http://far.example", url_of(9),
                                         [&changes] { ++changes; });
    book->look_up();
    return true;
  });
  fail_unless(wait_for([&] { return changes == 1; }));
  fail_unless(known() == 1);
  mood = Mood::Fail;
  run_in(loop, [&] { return book->look_up(), true; });
  fail_unless(wait_for([&] { return changes == 2; }));
  fail_unless(known() == 1);
  mood = Mood::Silent;
  run_in(loop, [&] { return book->look_up(), book.reset(), true; });
  break_silence();
  run_in(loop, [] { return true; });
  fail_unless_equals_int(changes, 2);
}
GST_END_TEST

GST_START_TEST(an_address_in_figures_is_never_looked_up) {
  rule(Mood::Fail);
  RawServer server([](int, int) {});
  EventLoop loop("test-loop");
  std::unique_ptr<ReachabilityProbe> probe;
  Awaited<Reach> reach;
  run_in(loop, [&] {
    probe = make_reachability_probe(loop, server.url("/"), "");
    return probe->ask(seconds(10), reach.callback()), true;
  });
  fail_unless(reach.wait() == Reach::Reachable);
  run_in(loop, [&] { return probe.reset(), true; });
  fail_unless_equals_int(asked, 0);
}
GST_END_TEST

OAIRT_TEST_MAIN(address_book, a_name_that_is_known_is_not_waited_for,
                a_silent_name_server_is_asked_once_and_heard_when_it_speaks,
                a_name_server_that_fails_is_no_answer_and_asked_again,
                what_is_known_stays_when_the_name_server_goes,
                an_address_in_figures_is_never_looked_up)
