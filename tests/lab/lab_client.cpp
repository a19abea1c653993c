// A client of the service for the lab: talks all the time, and prints what it lives through.
//   lab-client --client ours|stock --base-url URL --key KEY [--set PROPERTY=VALUE]...
//              [--tone-hz HZ] [--tone-on MS --tone-off MS] [--turns] [--no-ping]
//   lab-client --warm-up
// On standard input, a line each:
//   send JSON     a client event             emit NAME        an action signal
//   set P=VALUE   a property                 sound on|off     what the microphone hears
//   talk on|off   the model is asked to speak now, and again whenever it stops or the call is new
//   quit
#include <atomic>
#include <iostream>
#include <thread>

#include <gio/gio.h>
#include <glib-unix.h>
#include <gst/gst.h>

#include "client.h"

using namespace oairt;       // NOLINT
using namespace oairt::lab;  // NOLINT

namespace {

constexpr guint kPingMs = 50, kFlushMs = 100, kStatsMs = 500, kPulseMs = 5;
constexpr double kNotableLagMs = 10;

// Tells how late the machine wakes a thread that does nothing: what happens then is nobody's fault.
class Pulse {
 public:
  Pulse() : thread_([this] { run(); }) {}
  ~Pulse() {
    ending_ = true;
    thread_.join();
  }
  double take_longest_ms() { return longest_ms_.exchange(0); }

 private:
  void run() {
    while (!ending_) {
      double due = now_ms() + kPulseMs;
      g_usleep(kPulseMs * 1000);
      double late = now_ms() - due;
      if (late > longest_ms_) longest_ms_ = late;
    }
  }

  std::atomic<bool> ending_ = false;
  std::atomic<double> longest_ms_ = 0;
  std::thread thread_;
};

class Lab {
 public:
  Lab(const std::string &kind, const ClientOptions &options, bool pings)
      : loop_(g_main_loop_new(nullptr, FALSE)),
        pinger_(timeline_, [this](const std::string &event) { return client_->send(event); }) {
    ClientEvents events;
    events.event = [this](const std::string &event) { on_event(event); };
    events.ready = [this] { later(&Lab::on_ready); };
    client_ = kind == "stock" ? make_stock_client(timeline_, options, events)
                              : make_our_client(timeline_, options, events);
    if (pings) every(kPingMs, [](gpointer self) { static_cast<Lab *>(self)->ping(); });
    every(kFlushMs, [](gpointer self) { static_cast<Lab *>(self)->flush(); });
    every(kStatsMs, [](gpointer self) { static_cast<Lab *>(self)->client_->write_stats(); });
    input_ = g_io_channel_unix_new(0);
    g_io_add_watch(input_, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP), &Lab::on_input, this);
    g_unix_signal_add(SIGTERM, &Lab::on_quit, this);
    g_unix_signal_add(SIGINT, &Lab::on_quit, this);
  }

  ~Lab() {
    flush();
    client_->write_stats();
    client_.reset();
    g_io_channel_unref(input_);
    g_main_loop_unref(loop_);
  }

  void run() {
    client_->play();
    g_main_loop_run(loop_);
  }

 private:
  void every(guint ms, void (*task)(gpointer self)) {
    struct Repeat {
      void (*task)(gpointer);
      gpointer self;
    };
    g_timeout_add_full(
        G_PRIORITY_HIGH, ms,
        [](gpointer data) -> gboolean {
          auto *repeat = static_cast<Repeat *>(data);
          repeat->task(repeat->self);
          return G_SOURCE_CONTINUE;
        },
        new Repeat{task, this}, [](gpointer data) { delete static_cast<Repeat *>(data); });
  }

  void later(void (Lab::*task)()) {
    struct Task {
      Lab *self;
      void (Lab::*task)();
    };
    g_idle_add_full(
        G_PRIORITY_HIGH,
        [](gpointer data) -> gboolean {
          auto *one = static_cast<Task *>(data);
          (one->self->*one->task)();
          return G_SOURCE_REMOVE;
        },
        new Task{this, task}, [](gpointer data) { delete static_cast<Task *>(data); });
  }

  void ping() {
    if (was_ready_) pinger_.ping();
  }

  void flush() {
    client_->flush();
    pinger_.flush();
    double lag = pulse_.take_longest_ms();
    if (lag > kNotableLagMs) timeline_.write("lag", Json::object({{"ms", lag}}));
  }

  void on_ready() {
    was_ready_ = true;
    if (talking_) speak();
  }

  void speak() {
    bool taken = talking_ && client_->emit("create-response");
    timeline_.write("asked", Json::object({{"taken", taken}}));
  }

  void on_event(const std::string &event) {
    if (pinger_.answered(event)) return;
    auto json = Json::parse(event);
    if (!json) return;
    std::string type = json.value()["type"].as_string();
    if (type == "output_audio_buffer.stopped") later(&Lab::speak);
    if (type.find(".delta") != std::string::npos) return;
    Json line = Json::object({{"type", type}});
    for (const char *name : {"event_id", "item_id", "response_id"}) {
      if (json.value().has(name)) line.set(name, json.value()[name]);
    }
    if (json.value().has("error")) line.set("error", json.value()["error"]);
    if (json.value()["item"].has("id")) line.set("item_id", json.value()["item"]["id"]);
    timeline_.write("event", line);
  }

  static gboolean on_input(GIOChannel *, GIOCondition, gpointer data) {
    auto *self = static_cast<Lab *>(data);
    char bytes[4096];
    ssize_t got = read(0, bytes, sizeof bytes);
    if (got <= 0) {
      g_main_loop_quit(self->loop_);
      return G_SOURCE_REMOVE;
    }
    self->typed_.append(bytes, static_cast<std::size_t>(got));
    for (auto end = self->typed_.find('\n'); end != std::string::npos;
         end = self->typed_.find('\n')) {
      self->obey(self->typed_.substr(0, end));
      self->typed_.erase(0, end + 1);
    }
    return G_SOURCE_CONTINUE;
  }

  void obey(const std::string &line) {
    auto space = line.find(' ');
    std::string order = line.substr(0, space);
    std::string value = space == std::string::npos ? "" : line.substr(space + 1);
    double before = now_ms();
    bool taken = true;
    if (order == "quit") {
      g_main_loop_quit(loop_);
    } else if (order == "send") {
      taken = client_->send(value);
    } else if (order == "emit") {
      taken = client_->emit(value);
    } else if (order == "set") {
      taken = client_->set(value);
    } else if (order == "sound") {
      client_->set_sounding(value == "on");
    } else if (order == "talk") {
      talking_ = value == "on";
      if (talking_) speak();
    } else {
      taken = false;
    }
    timeline_.write("order", Json::object({{"order", order},
                                           {"value", value},
                                           {"taken", taken},
                                           {"took_ms", now_ms() - before}}));
  }

  static gboolean on_quit(gpointer self) {
    g_main_loop_quit(static_cast<Lab *>(self)->loop_);
    return G_SOURCE_CONTINUE;
  }

  GMainLoop *loop_;
  Timeline timeline_;
  Pinger pinger_;
  std::unique_ptr<Client> client_;
  GIOChannel *input_;
  std::string typed_;
  std::atomic<bool> talking_ = false;
  bool was_ready_ = false;
  Pulse pulse_;
};

[[noreturn]] void refuse(const std::string &why) {
  std::cerr << "lab-client: " << why << "\n";
  std::exit(2);
}

}  // namespace

int main(int argc, char **argv) {
  std::string kind = "ours";
  ClientOptions options;
  bool pings = true;
  for (int i = 1; i < argc; ++i) {
    std::string option = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 >= argc) refuse(option + " needs a value");
      return argv[++i];
    };
    if (option == "--client") {
      kind = value();
    } else if (option == "--base-url") {
      options.base_url = value();
    } else if (option == "--key") {
      options.key = value();
    } else if (option == "--set") {
      std::string setting = value();
      auto equals = setting.find('=');
      if (equals == std::string::npos) refuse("--set takes PROPERTY=VALUE");
      options.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
    } else if (option == "--tone-hz") {
      options.sound.tone_hz = std::atof(value().c_str());
    } else if (option == "--tone-on") {
      options.sound.on_ms = std::atoi(value().c_str());
    } else if (option == "--tone-off") {
      options.sound.off_ms = std::atoi(value().c_str());
    } else if (option == "--turns") {
      options.turn_detection = true;
    } else if (option == "--no-ping") {
      pings = false;
    } else if (option == "--warm-up") {
      gst_init(nullptr, nullptr);  // reads what plugins there are, and leaves it in a file
      return 0;
    } else {
      refuse("there is no option " + option);
    }
  }
  if (options.base_url.empty() || (kind != "ours" && kind != "stock")) {
    refuse("--base-url and --client ours|stock are needed");
  }
  gst_init(nullptr, nullptr);
  Lab(kind, options, pings).run();
  gst_deinit();
  return 0;
}
