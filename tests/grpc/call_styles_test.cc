// SPDX-License-Identifier: Apache-2.0

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "naming/grpc/channel.h"
#include "tests/grpc/echo_client.h"
#include "tests/grpc/echo_process.h"
#include "tests/support/catch.h"
#include "tests/support/eventually.h"

// Every style in which gRPC can be called, on one ordinary stub.
namespace naming::testing {
namespace {

using test::EchoReply;
using test::EchoRequest;

using Calls = std::map<std::string, int>;

// Three servers, all connected.
struct Fleet : EchoClient {
  Fleet() {
    std::vector<std::string> addresses;
    for (int i = 0; i < 3; ++i) {
      servers.push_back(std::make_unique<EchoProcess>());
      addresses.push_back(servers.back()->address());
    }
    List(addresses);
    REQUIRE(Eventually([&] { return connected() == 3; }));
  }

  // Makes 300 calls with `call`, which returns who answered.
  void CheckTurns(const std::function<std::string()>& call) {
    Calls calls;
    for (int i = 0; i < 300; ++i) ++calls[call()];
    for (const auto& server : servers) {
      CAPTURE(server->address());
      CHECK(calls[server->address()] == 100);
    }
  }

  std::vector<std::unique_ptr<EchoProcess>> servers;
};

EchoRequest RequestFor(const std::string& text) {
  EchoRequest request;
  request.set_text(text);
  return request;
}

void Expect(grpc::CompletionQueue& queue, std::vector<int> tags) {
  for (std::size_t left = tags.size(); left > 0; --left) {
    void* tag = nullptr;
    bool is_ok = false;
    REQUIRE(queue.Next(&tag, &is_ok));
    CHECK(is_ok);
    CHECK(std::count(tags.begin(), tags.end(),
                     static_cast<int>(reinterpret_cast<std::intptr_t>(tag))));
  }
}

void* Tag(std::intptr_t number) { return reinterpret_cast<void*>(number); }

// Talks twice, and tells how it ended.
class Talker final : public grpc::ClientBidiReactor<EchoRequest, EchoReply> {
 public:
  grpc::ClientContext context;

  void Begin(test::Echo::Stub& stub) {
    context.set_deadline(EchoClient::Soon());
    stub.async()->Talk(&context, this);
    Next();
    StartCall();
  }

  void Next() {
    request_.set_text("more");
    StartRead(&reply_);
    StartWrite(&request_);
  }

  void OnReadDone(bool is_ok) override { Count(is_ok); }
  void OnWriteDone(bool is_ok) override { Count(is_ok); }
  void OnDone(const grpc::Status& status) override {
    base::MutexLock lock(mutex_);
    status_ = status;
    changed_.NotifyAll();
  }

  // Waits until the first answer is there.
  void AwaitBegun() {
    base::MutexLock lock(mutex_);
    while (count_ < 2) changed_.Wait(mutex_);
  }

  grpc::Status AwaitDone() {
    base::MutexLock lock(mutex_);
    while (!status_) changed_.Wait(mutex_);
    return *status_;
  }

  // To be called when it is done.
  const std::string& server() const { return reply_.server(); }

 private:
  // Counts what was written and what was read, twice each.
  void Count(bool is_ok) {
    if (!is_ok) return;
    bool is_last = false;
    {
      base::MutexLock lock(mutex_);
      is_last = ++count_ == 4;
      changed_.NotifyAll();
    }
    if (is_last) StartWritesDone();
  }

  EchoRequest request_;
  EchoReply reply_;
  base::Mutex mutex_;
  base::CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mutex_);
};

TEST_CASE("Each style of call takes turns among the servers", "[grpc]") {
  Fleet fleet;

  SECTION("unary") {
    fleet.CheckTurns([&] {
      EchoReply reply;
      REQUIRE(fleet.Say(RequestFor("a"), &reply).ok());
      return reply.server();
    });
  }
  SECTION("unary, on a queue, prepared first") {
    grpc::CompletionQueue queue;
    fleet.CheckTurns([&] {
      grpc::ClientContext context;
      EchoReply reply;
      grpc::Status status;
      auto call =
          fleet.stub->PrepareAsyncSay(&context, RequestFor("a"), &queue);
      call->StartCall();
      call->Finish(&reply, &status, Tag(1));
      Expect(queue, {1});
      REQUIRE(status.ok());
      return reply.server();
    });
  }
  SECTION("unary, on a queue") {
    grpc::CompletionQueue queue;
    fleet.CheckTurns([&] {
      grpc::ClientContext context;
      EchoReply reply;
      grpc::Status status;
      auto call = fleet.stub->AsyncSay(&context, RequestFor("a"), &queue);
      call->Finish(&reply, &status, Tag(1));
      Expect(queue, {1});
      REQUIRE(status.ok());
      return reply.server();
    });
  }
  SECTION("unary, with a callback") {
    fleet.CheckTurns([&] {
      grpc::ClientContext context;
      const EchoRequest request = RequestFor("a");
      EchoReply reply;
      std::promise<grpc::Status> done;
      fleet.stub->async()->Say(
          &context, &request, &reply,
          [&done](const grpc::Status& status) { done.set_value(status); });
      REQUIRE(done.get_future().get().ok());
      return reply.server();
    });
  }
  SECTION("a stream of answers") {
    fleet.CheckTurns([&] {
      grpc::ClientContext context;
      EchoRequest request = RequestFor("a");
      request.set_count(3);
      auto reader = fleet.stub->Repeat(&context, request);
      EchoReply reply;
      int count = 0;
      while (reader->Read(&reply)) ++count;
      REQUIRE(reader->Finish().ok());
      REQUIRE(count == 3);
      return reply.server();
    });
  }
  SECTION("a stream of requests") {
    fleet.CheckTurns([&] {
      grpc::ClientContext context;
      EchoReply reply;
      auto writer = fleet.stub->Collect(&context, &reply);
      REQUIRE(writer->Write(RequestFor("a")));
      REQUIRE(writer->Write(RequestFor("b")));
      REQUIRE(writer->WritesDone());
      REQUIRE(writer->Finish().ok());
      REQUIRE(reply.text() == "ab");
      return reply.server();
    });
  }
  SECTION("a stream both ways") {
    fleet.CheckTurns([&] {
      grpc::ClientContext context;
      auto stream = fleet.stub->Talk(&context);
      EchoReply reply;
      for (const char* text : {"a", "b"}) {
        REQUIRE(stream->Write(RequestFor(text)));
        REQUIRE(stream->Read(&reply));
        REQUIRE(reply.text() == text);
      }
      REQUIRE(stream->WritesDone());
      REQUIRE(stream->Finish().ok());
      return reply.server();
    });
  }
  SECTION("a stream both ways, on a queue") {
    grpc::CompletionQueue queue;
    fleet.CheckTurns([&] {
      grpc::ClientContext context;
      EchoReply reply;
      grpc::Status status;
      auto stream = fleet.stub->AsyncTalk(&context, &queue, Tag(1));
      Expect(queue, {1});
      stream->Write(RequestFor("a"), Tag(1));
      stream->Read(&reply, Tag(2));
      Expect(queue, {1, 2});
      stream->WritesDone(Tag(1));
      stream->Finish(&status, Tag(2));
      Expect(queue, {1, 2});
      REQUIRE(status.ok());
      return reply.server();
    });
  }
  SECTION("a stream both ways, with a reactor") {
    fleet.CheckTurns([&] {
      Talker talker;
      talker.Begin(*fleet.stub);
      talker.AwaitBegun();
      talker.Next();
      REQUIRE(talker.AwaitDone().ok());
      return talker.server();
    });
  }
  SECTION("unary, by a generic stub") {
    grpc::GenericStub generic(fleet.channel);
    grpc::CompletionQueue queue;
    fleet.CheckTurns([&] {
      grpc::ClientContext context;
      grpc::Status status;
      grpc::Slice slice(RequestFor("a").SerializeAsString());
      grpc::ByteBuffer answer;
      auto call = generic.PrepareUnaryCall(&context, "/naming.test.Echo/Say",
                                           grpc::ByteBuffer(&slice, 1), &queue);
      call->StartCall();
      call->Finish(&answer, &status, Tag(1));
      Expect(queue, {1});
      REQUIRE(status.ok());
      grpc::Slice whole;
      REQUIRE(answer.DumpToSingleSlice(&whole).ok());
      EchoReply reply;
      REQUIRE(
          reply.ParseFromArray(whole.begin(), static_cast<int>(whole.size())));
      return reply.server();
    });
  }
  SECTION("unary, by a stub for each pick") {
    fleet.CheckTurns([&] {
      absl::StatusOr<GrpcPick> pick = fleet.channel->Pick();
      REQUIRE(pick.ok());
      auto stub = test::Echo::NewStub(pick->channel());
      grpc::ClientContext context;
      EchoReply reply;
      const grpc::Status status = stub->Say(&context, RequestFor("a"), &reply);
      pick->Done(status);
      REQUIRE(status.ok());
      CHECK(reply.server() == pick->endpoint().address);
      return reply.server();
    });
  }
}

TEST_CASE("What a ClientContext says reaches the server", "[grpc]") {
  Fleet fleet;
  EchoReply reply;

  SECTION("a deadline") {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(100));
    EchoRequest request;
    request.set_delay_ms(60'000);
    CHECK(fleet.stub->Say(&context, request, &reply).error_code() ==
          grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  SECTION("a wish to cancel") {
    Talker talker;
    talker.Begin(*fleet.stub);
    talker.AwaitBegun();
    talker.context.TryCancel();
    CHECK(talker.AwaitDone().error_code() == grpc::StatusCode::CANCELLED);
  }
  SECTION("an authority") {
    REQUIRE(fleet.Say(EchoRequest(), &reply).ok());
    CHECK(reply.authority() == reply.server());
    grpc::ClientContext context;
    context.set_authority("demo.example");
    REQUIRE(fleet.stub->Say(&context, EchoRequest(), &reply).ok());
    CHECK(reply.authority() == "demo.example");
  }
  SECTION("metadata; and it knows its peer") {
    grpc::ClientContext context;
    context.AddMetadata("method", "say");
    REQUIRE(fleet.stub->Say(&context, EchoRequest(), &reply).ok());
    CHECK(reply.method() == "say");
    CHECK(context.peer() == "ipv4:" + reply.server());
  }
  SECTION("a status of the server's comes back") {
    EchoRequest request;
    request.set_status(grpc::StatusCode::NOT_FOUND);
    CHECK(fleet.Say(request).error_code() == grpc::StatusCode::NOT_FOUND);
  }
}

TEST_CASE("A stream outlives the stub, the channel and the registry",
          "[grpc]") {
  std::vector<std::unique_ptr<EchoProcess>> servers;
  Talker talker;
  {
    Fleet fleet;
    servers.swap(fleet.servers);
    talker.Begin(*fleet.stub);
    talker.AwaitBegun();
  }
  talker.Next();
  CHECK(talker.AwaitDone().ok());
}

}  // namespace
}  // namespace naming::testing
