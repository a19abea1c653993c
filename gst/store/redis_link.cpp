#include "store/redis_link.h"

#include <array>

#include "store/backend.h"

namespace oairt {
namespace {

RedisReply copy_of(const redisReply &reply) {
  RedisReply copy;
  copy.present = reply.type != REDIS_REPLY_NIL;
  copy.number = reply.type == REDIS_REPLY_INTEGER ? reply.integer : 0;
  if (reply.str != nullptr) copy.text.assign(reply.str, reply.len);
  if (reply.type == REDIS_REPLY_ARRAY) {
    for (std::size_t index = 0; index < reply.elements; ++index) {
      copy.list.push_back(copy_of(*reply.element[index]));
    }
  }
  return copy;
}

using UniqueReply = Unique<redisReply, freeReplyObject>;

bool is_certificate_error(const GError *error) {
  return g_error_matches(error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

}  // namespace

RedisLink::RedisLink(std::string name, GCancellable *cancellable)
    : name_(std::move(name)),
      cancellable_(Ref<GCancellable>::share(cancellable)),
      reader_(redisReaderCreate()) {}

// Closing may want to say goodbye to a server that hears nothing: not even that is waited for.
RedisLink::~RedisLink() {
  if (!stream_) return;
  Ref<GCancellable> at_once = Ref<GCancellable>::adopt(g_cancellable_new());
  g_cancellable_cancel(at_once.get());
  g_io_stream_close(stream_.get(), at_once.get(), nullptr);
}

Error RedisLink::network_error(const GError *error) {
  broken_ = true;
  std::string detail = error == nullptr ? "closed by the server" : error->message;
  if (is_certificate_error(error)) {
    return {ErrorCode::Security,
            "The certificate of " + name_ +
                " is not to be trusted: name the CA that signed it in ca-file.",
            detail,
            {},
            {}};
  }
  return {ErrorCode::Network,
          "There is no connection to " + name_ +
              ": check that it runs, and host and port in the store's URI.",
          detail,
          {},
          {}};
}

// Only the first word of what it says: the rest may quote the command.
Error RedisLink::refusal(std::string_view text) const {
  std::string word(text.substr(0, text.find(' ')));
  if (word == "WRONGPASS" || word == "NOAUTH" || word == "NOPERM") {
    return {ErrorCode::Auth,
            word == "NOPERM"
                ? "The user of " + name_ +
                      " may not do what a store needs: allow it EVAL and the keys openairealtime:*."
                : "User name or password were refused by " + name_ +
                      ": correct them in the store's URI.",
            word,
            {},
            {}};
  }
  if (word == "OOM") return storage_error("The memory of " + name_ + " is full: raise it.", word);
  if (word == "READONLY") {
    return storage_error(
        "A replica, which takes no writes, is what answers as " + name_ + ": name the primary.",
        word);
  }
  return storage_error("A command was refused by " + name_ + "; Redis 5 or later is needed.", word);
}

Result<std::unique_ptr<RedisLink>> RedisLink::connect(const StoreUri &uri,
                                                      const std::string &ca_file,
                                                      GCancellable *cancellable) {
  std::unique_ptr<RedisLink> link(new RedisLink(uri.name(), cancellable));
  Ref<GSocketClient> client = Ref<GSocketClient>::adopt(g_socket_client_new());
  g_socket_client_set_timeout(client.get(), kPatienceSeconds);
  g_socket_client_set_enable_proxy(client.get(), FALSE);
  GError *failed = nullptr;
  GSocketConnection *connection = g_socket_client_connect_to_host(client.get(), uri.host.c_str(),
                                                                  uri.port, cancellable, &failed);
  UniqueError error(failed);
  if (connection == nullptr) return link->network_error(error.get());
  link->stream_ = Ref<GIOStream>::adopt(G_IO_STREAM(connection));
  g_tcp_connection_set_graceful_disconnect(G_TCP_CONNECTION(connection), FALSE);
  if (uri.tls) {
    if (Status secured = link->connect_tls(uri, ca_file); !secured) return secured.error();
  }
  if (Status in = link->log_in(uri); !in) return in.error();
  return link;
}

Status RedisLink::connect_tls(const StoreUri &uri, const std::string &ca_file) {
  GError *failed = nullptr;
  Ref<GSocketConnectable> identity =
      Ref<GSocketConnectable>::adopt(g_network_address_new(uri.host.c_str(), uri.port));
  Ref<GIOStream> secured =
      Ref<GIOStream>::adopt(g_tls_client_connection_new(stream_.get(), identity.get(), &failed));
  UniqueError error(failed);
  if (!secured) return network_error(error.get());
  if (!ca_file.empty()) {
    Ref<GTlsDatabase> database =
        Ref<GTlsDatabase>::adopt(g_tls_file_database_new(ca_file.c_str(), &failed));
    error.reset(failed);
    if (!database) {
      return config_error(
          "The ca-file of the store could not be read as PEM certificates: check its path.",
          error ? error->message : "");
    }
    g_tls_connection_set_database(G_TLS_CONNECTION(secured.get()), database.get());
  }
  stream_ = secured;
  if (!g_tls_connection_handshake(G_TLS_CONNECTION(secured.get()), cancellable_.get(), &failed)) {
    error.reset(failed);
    return network_error(error.get());
  }
  return Success{};
}

Status RedisLink::log_in(const StoreUri &uri) {
  if (!uri.password.empty()) {
    std::vector<std::string_view> words{"AUTH"};
    if (!uri.user.empty()) words.push_back(uri.user);
    words.push_back(uri.password.reveal());
    if (Result<RedisReply> reply = call(words); !reply) return reply.error();
  }
  if (uri.database != 0) {
    std::string number = std::to_string(uri.database);
    if (Result<RedisReply> reply = call({"SELECT", number}); !reply) return reply.error();
  }
  return Success{};
}

Status RedisLink::send(const std::vector<std::string_view> &words) {
  std::string command = "*" + std::to_string(words.size()) + "\r\n";
  for (std::string_view word : words) {
    command += "$" + std::to_string(word.size()) + "\r\n";
    command += word;
    command += "\r\n";
  }
  GError *failed = nullptr;
  gsize sent = 0;
  gboolean done =
      g_output_stream_write_all(g_io_stream_get_output_stream(stream_.get()), command.data(),
                                command.size(), &sent, cancellable_.get(), &failed);
  explicit_bzero(command.data(), command.size());  // a password may have been in it
  UniqueError error(failed);
  if (!done) return network_error(error.get());
  return Success{};
}

Result<RedisReply> RedisLink::receive() {
  std::array<char, 16 * 1024> bytes;
  while (true) {
    void *raw = nullptr;
    if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
      broken_ = true;
      return Error{ErrorCode::Protocol,
                   "What answers as " + name_ +
                       " is no Redis server, or only speaks TLS: check the store's URI.",
                   "no reply of Redis's protocol",
                   {},
                   {}};
    }
    if (UniqueReply reply{static_cast<redisReply *>(raw)}) {
      if (reply->type == REDIS_REPLY_ERROR) return refusal({reply->str, reply->len});
      return copy_of(*reply);
    }
    GError *failed = nullptr;
    gssize got = g_input_stream_read(g_io_stream_get_input_stream(stream_.get()), bytes.data(),
                                     bytes.size(), cancellable_.get(), &failed);
    UniqueError error(failed);
    if (got <= 0) return network_error(error.get());
    redisReaderFeed(reader_.get(), bytes.data(), static_cast<std::size_t>(got));
  }
}

Result<RedisReply> RedisLink::call(const std::vector<std::string_view> &words) {
  if (Status sent = send(words); !sent) return sent.error();
  return receive();
}

}  // namespace oairt
