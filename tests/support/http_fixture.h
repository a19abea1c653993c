// Servers on 127.0.0.1 for tests of HTTP clients: one that answers by a function, one that does
// with the bare socket what it likes, and certificates made at run time.
// Thread-safe: each server has a thread of its own, in which its function runs.
// Never leaves the machine.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/lock.h"

namespace oairt::test {

struct ServedRequest {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;
  int client_port = 0;  // tells connections apart
  bool http2 = false;
  std::string header(const std::string &name) const;
};

struct ServedReply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = "{}";
  std::vector<std::pair<std::string, std::string>> headers;
  milliseconds delay{0};
  bool never = false;  // the request is read and left without an answer
};

struct Certificate {
  std::string certificate_file, key_file;  // PEM; the certificate is its own CA
};

// Files in a directory that goes when this does.
class CertificateMaker {
 public:
  CertificateMaker();
  ~CertificateMaker();
  // `names` as in a subjectAltName: "IP:127.0.0.1,DNS:localhost".
  Certificate make(const std::string &names);
  std::string path(const std::string &name) const { return directory_ + "/" + name; }

 private:
  std::string directory_;
  int made_ = 0;
};

class HttpFixture {
 public:
  using Handler = std::function<ServedReply(const ServedRequest &)>;
  explicit HttpFixture(Handler handler, const Certificate *certificate = nullptr);
  ~HttpFixture();

  std::string url(const std::string &path) const;
  int port() const;
  std::vector<ServedRequest> requests() const;
  std::size_t connections() const;  // different ones among the requests

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Accepts one connection after the other and hands each to the function, which may read and write
// as it likes; the connection is closed after it. `index` counts connections from 0.
class RawServer {
 public:
  using Handler = std::function<void(int socket, int index)>;
  explicit RawServer(Handler handler);
  ~RawServer();
  std::string url(const std::string &path) const;
  int port() const { return port_; }
  int connections() const { return connections_; }
  bool stopping() const { return stopping_; }

 private:
  void run();
  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  int current_ OAIRT_GUARDED_BY(mutex_) = -1;  // a client that leaves it open must not hang us
  std::unique_ptr<class RawThread> thread_;
};

// For RawServer: everything up to the end of one request; "" if the peer closed.
std::string read_request(int socket);
void write_all(int socket, const std::string &text);
void reset_connection(int socket);  // its close will be a TCP RST
void wait_until_closed(int socket, const std::atomic<bool> &give_up);

// Collects all that GStreamer's and GLib's logs print, at every level, from now on to its end; of
// GStreamer's categories only those that begin with `categories`.
class LogCapture {
 public:
  explicit LogCapture(std::string categories = "");
  ~LogCapture();
  std::string text() const;
};

}  // namespace oairt::test
