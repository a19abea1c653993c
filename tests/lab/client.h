// One end of a call under test, whoever made it.
// Bound to the main thread, apart from what a client's own header says.
// Never ends the process: a client that fails says so in the timeline and stays.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "microphone.h"
#include "pinger.h"
#include "timeline.h"

namespace oairt::lab {

struct ClientOptions {
  std::string base_url;  // http://ADDRESS:PORT/v1
  std::string key;
  std::vector<std::pair<std::string, std::string>> settings;  // properties, as text
  MicrophoneSound sound;
  bool turn_detection = false;
};

class Client {
 public:
  virtual ~Client() = default;
  virtual void play() = 0;
  // Takes a client event; false: refused.
  virtual bool send(const std::string &event) = 0;
  virtual bool emit(const std::string &action) = 0;  // an action signal; false: refused
  virtual bool set(const std::string &setting) = 0;  // "PROPERTY=VALUE"; false: there is none
  virtual void flush() = 0;                          // what was collected goes to the timeline
  virtual void write_stats() = 0;                    // a line "stats"
  virtual void set_sounding(bool sounding) = 0;
};

// What a client tells, on any thread.
struct ClientEvents {
  std::function<void(const std::string &event)> event;  // each event of the service
  std::function<void()> ready;                          // a call is up: the first, or another one
};

std::unique_ptr<Client> make_our_client(Timeline &timeline, const ClientOptions &options,
                                        ClientEvents events);
std::unique_ptr<Client> make_stock_client(Timeline &timeline, const ClientOptions &options,
                                          ClientEvents events);

}  // namespace oairt::lab
