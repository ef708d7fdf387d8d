// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_HANDLERS_H_
#define NAMING_NODE_HANDLERS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/arguments.h"
#include "node/directory.h"
#include "node/form.h"
#include "node/message.h"

namespace naming::node {

// The ten endpoints: turns requests into calls of a Directory, and what comes
// of them into answers.
//
// Used on the Directory's thread only.
class Handlers final {
 public:
  // `directory` outlives the Handlers.
  explicit Handlers(Directory& directory) : directory_(directory) {}

  // Returns the answer to `request`; nullopt: the Directory holds it under
  // `id`.
  std::optional<Response> Handle(RequestId id, const Request& request);

 private:
  using Function = std::optional<Response> (Handlers::*)(RequestId,
                                                         const Request&,
                                                         const Form&);
  struct Route {
    std::string_view method;
    Function function;
  };

  static const Route* FindRoute(std::string_view path);

  std::optional<Response> Register(RequestId, const Request&, const Form&);
  std::optional<Response> Renew(RequestId, const Request&, const Form&);
  std::optional<Response> Cancel(RequestId, const Request&, const Form&);
  std::optional<Response> Set(RequestId, const Request&, const Form&);
  std::optional<Response> Fetch(RequestId, const Request&, const Form&);
  std::optional<Response> Fetchs(RequestId, const Request&, const Form&);
  std::optional<Response> FetchAll(RequestId, const Request&, const Form&);
  std::optional<Response> Poll(RequestId, const Request&, const Form&);
  std::optional<Response> Polls(RequestId, const Request&, const Form&);
  std::optional<Response> Nodes(RequestId, const Request&, const Form&);

  void Hold(RequestId id, const Request& request, const Form& form,
            const PollsArguments& arguments, bool is_plural,
            std::vector<std::string> missing);

  Directory& directory_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_HANDLERS_H_
