// The providers that need no server: a given key, and the application's own answer.
#include <memory>
#include <utility>

#include "auth/inquiry.h"
#include "auth/token_answer.h"
#include "auth/token_provider.h"
#include "base/log.h"

OAIRT_LOG_USE(auth)

namespace oairt {
namespace {

// What was given by hand and is wrong does not heal by asking again.
Result<Token> given_token(const Secret &key, const std::string &source) {
  Result<Token> token = make_token(key.reveal(), source);
  if (token.ok()) return token;
  Error error = token.error();
  error.code = ErrorCode::Config;
  return error;
}

class StaticProvider : public TokenProvider {
 public:
  StaticProvider(EventLoop &loop, Secret key) : loop_(loop), key_(std::move(key)) {}

  void fetch(Callback callback) override {
    loop_.assert_in_loop();
    std::weak_ptr<char> alive = alive_;
    loop_.post([alive, callback = std::move(callback), key = key_] {
      if (!alive.expired()) callback(given_token(key, "The key property"));
    });
  }

 private:
  EventLoop &loop_;
  Secret key_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

class RequestProvider : public TokenProvider {
 public:
  RequestProvider(EventLoop &loop, std::function<Secret()> ask) : inquiry_(loop, std::move(ask)) {}

  void fetch(Callback callback) override {
    LOG_INFO("asking the application for a token");
    inquiry_.ask([callback = std::move(callback)](Secret answer) {
      if (!answer.empty()) {
        callback(given_token(answer, "The handler of request-token"));  // may destroy this
        return;
      }
      // Its own token server may be down for the moment: worth another try.
      Error error;
      error.code = ErrorCode::Network;
      error.message = "The application gave no token when it was asked for one (request-token).";
      callback(std::move(error));  // may destroy this
    });
  }

 private:
  Inquiry inquiry_;
};

}  // namespace

std::unique_ptr<TokenProvider> make_static_provider(EventLoop &loop, Secret key) {
  return std::make_unique<StaticProvider>(loop, std::move(key));
}

std::unique_ptr<TokenProvider> make_request_provider(EventLoop &loop, std::function<Secret()> ask) {
  return std::make_unique<RequestProvider>(loop, std::move(ask));
}

}  // namespace oairt
