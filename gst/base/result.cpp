#include "base/result.h"

namespace oairt {

const char *to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::Auth:
      return "auth";
    case ErrorCode::Config:
      return "config";
    case ErrorCode::Quota:
      return "quota";
    case ErrorCode::Network:
      return "network";
    case ErrorCode::Busy:
      return "busy";
    case ErrorCode::Protocol:
      return "protocol";
    case ErrorCode::Security:
      return "security";
    case ErrorCode::Media:
      return "media";
    case ErrorCode::Storage:
      return "storage";
    case ErrorCode::Cancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace oairt
