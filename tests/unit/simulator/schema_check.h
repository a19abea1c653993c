// Checks JSON against the service's published schemas (OpenAPI 3.1: type, required, enum, const,
// properties, items, $ref, anyOf, oneOf, allOf, nullable, limits).
// Thread-bound.
// Never fetches anything: the schema file is given, or the check is skipped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/json.h"

namespace oairt::test {

class SchemaCheck {
 public:
  // From OAIRT_REALTIME_SCHEMA, else from ../shared/reference beside the source tree.
  static const SchemaCheck *shared();  // nullptr: there is none; it was said why

  explicit SchemaCheck(Json root) : root_(std::move(root)) {}

  // What is wrong with it; empty: nothing.
  std::vector<std::string> check_as(const std::string &schema_name, const Json &value) const;
  std::vector<std::string> check_server_event(const Json &event) const;

 private:
  using Errors = std::vector<std::string>;
  const Json &resolve(const Json &schema) const;
  void check(const Json &value, const Json &schema, const std::string &path, Errors &errors) const;
  void check_object(const Json &value, const Json &schema, const std::string &path,
                    Errors &errors) const;
  void check_any(const Json &value, const Json &choices, const std::string &path,
                 Errors &errors) const;
  bool allows_null(const Json &schema) const;
  const Json *event_schema(const std::string &type) const;

  Json root_;
};

}  // namespace oairt::test
