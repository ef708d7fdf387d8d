// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_NODE_HANDLERS_H_
#define NAMING_NODE_HANDLERS_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/answers.h"
#include "node/arguments.h"
#include "node/directory.h"
#include "node/form.h"
#include "node/message.h"
#include "node/replicator.h"

namespace naming::node {

// The ten endpoints: turns requests into calls of a Directory, and what comes
// of them into answers.
//
// Used on the Directory's thread only.
class Handlers final {
 public:
  // Called with the answer to a held write.
  using Reply = std::function<void(RequestId, const Response&)>;

  // `directory` outlives the Handlers, and so does `replicator`. Null: there
  // are no peers, and no write is held.
  explicit Handlers(Directory& directory, Replicator* replicator = nullptr,
                    Reply reply = nullptr)
      : directory_(directory),
        replicator_(replicator),
        reply_(std::move(reply)) {}

  // Answers reads with an error until a peer has told what there is, or for a
  // minute: a node that has just started would tell its clients that all is
  // gone.
  void ProtectReads();

  // Returns the answer to `request`; nullopt: it is held under `id`, by the
  // Directory or until peers have it.
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

  // What a poll finds when it comes.
  struct PollFindings {
    AppViews news;
    std::vector<std::string> missing;
  };

  PollFindings Look(const PollsArguments& arguments) const;
  void Hold(RequestId id, const Request& request, const Form& form,
            const PollsArguments& arguments, bool is_plural,
            std::vector<std::string> missing);

  bool IsProtected();

  // By quirk, answers what a protected node should not.
  std::optional<Response> Leak(RequestId id, const Request& request,
                               const Form& form, const Route& route);

  // Passes `write` on. Returns `response` when nobody is to be waited for.
  std::optional<Response> Pass(RequestId id, const Request& request,
                               const Form& form, const Write& write,
                               const Origin& origin, Response response);

  Directory& directory_;
  Replicator* const replicator_;
  const Reply reply_;
  std::optional<base::Clock::TimePoint> protected_until_;
};

}  // namespace naming::node

#endif  // NAMING_NODE_HANDLERS_H_
