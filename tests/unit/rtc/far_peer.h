// The other end of a call, in a process of its own: the simulator's transport with a tone to say.
// In its own process since the SCTP stack exists once in each, and GStreamer has one too.
// Used from one thread. Never outlives the test program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace oairt::test {

class FarPeer {
 public:
  // Forks; to be called before there are other threads.
  FarPeer();
  ~FarPeer();

  enum class Fault : char { None = '0', WrongCertificate = '1' };
  // A new call; it answers the offer. The one before is gone.
  std::string answer(const std::string &offer, Fault fault = Fault::None);

  struct Stats {
    uint64_t rtp = 0, unhandled = 0, messages = 0;
    bool ended = false;  // the caller said goodbye
  };
  Stats stats();
  // What a message to it can ask for; anything else is sent back as it is.
  static std::string say(int frames) { return R"({"say":)" + std::to_string(frames) + "}"; }
  static std::string send_large(int bytes) { return R"({"large":)" + std::to_string(bytes) + "}"; }
  static std::string hang_up() { return R"({"hang_up":1})"; }
  static std::string close_channel() { return R"({"close_channel":1})"; }

 private:
  std::string ask(char what, const std::string &text);
  int socket_;
  int child_;
};

}  // namespace oairt::test
