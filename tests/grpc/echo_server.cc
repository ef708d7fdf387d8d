// SPDX-License-Identifier: Apache-2.0
// A gRPC server to test against. Prints its address when it serves and, where a
// registry is given, see RegistryClient, is registered; ends in good order with
// SIGTERM.
//
//   grpc-echo-server 127.0.0.1:0 [REGISTRY PROPAGATION_MS]

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "echo.grpc.pb.h"
#include "naming/grpc/serving.h"
#include "naming/service_life.h"
#include "naming/testing/fake_backend.h"
#include "tests/grpc/registry_client.h"

namespace naming::test {
namespace {

class EchoService final : public Echo::Service {
 public:
  std::string address;

  grpc::Status Say(grpc::ServerContext* context, const EchoRequest* request,
                   EchoReply* reply) override {
    return Answer(*context, *request, *reply);
  }

  grpc::Status Repeat(grpc::ServerContext* context, const EchoRequest* request,
                      grpc::ServerWriter<EchoReply>* writer) override {
    EchoReply reply;
    const grpc::Status status = Answer(*context, *request, reply);
    for (int i = 0; i < request->count(); ++i) writer->Write(reply);
    return status;
  }

  grpc::Status Collect(grpc::ServerContext* context,
                       grpc::ServerReader<EchoRequest>* reader,
                       EchoReply* reply) override {
    EchoRequest request;
    std::string text;
    while (reader->Read(&request)) text += request.text();
    request.set_text(text);
    return Answer(*context, request, *reply);
  }

  grpc::Status Talk(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<EchoReply, EchoRequest>* stream) override {
    EchoRequest request;
    while (stream->Read(&request)) {
      EchoReply reply;
      const grpc::Status status = Answer(*context, request, reply);
      if (!status.ok()) return status;
      stream->Write(reply);
    }
    return grpc::Status::OK;
  }

 private:
  grpc::Status Answer(grpc::ServerContext& context, const EchoRequest& request,
                      EchoReply& reply) const {
    const bool is_delayed =
        request.delayed().empty() || request.delayed() == address;
    const auto end =
        std::chrono::steady_clock::now() +
        std::chrono::milliseconds(is_delayed ? request.delay_ms() : 0);
    while (std::chrono::steady_clock::now() < end && !context.IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    reply.set_text(request.text());
    reply.set_server(address);
    reply.set_peer(context.peer());
    reply.set_authority(context.ExperimentalGetAuthority().data(),
                        context.ExperimentalGetAuthority().size());
    const auto it = context.client_metadata().find("method");
    if (it != context.client_metadata().end()) {
      reply.set_method(it->second.data(), it->second.size());
    }
    if (request.status() == 0) return grpc::Status::OK;
    return grpc::Status(static_cast<grpc::StatusCode>(request.status()),
                        "as it was asked for");
  }
};

// Serves until SIGTERM comes.
int Serve(Registry& registry, const std::string& listen, int propagation) {
  EchoService service;
  // Known beforehand: tests give a port.
  service.address = listen;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  Instance instance;
  instance.app_id = "demo";
  instance.hostname = listen;
  GrpcServingOptions options;
  options.listen = listen;
  options.life.propagation = std::chrono::milliseconds(propagation);
  const auto serving = GrpcServing::Start(registry, instance, builder, options);
  if (!serving.ok()) {
    std::cerr << serving.status() << "\n";
    return 1;
  }
  std::cout << (*serving)->address() << std::endl;
  const absl::Status status = (*serving)->Run();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

int Main(const std::string& listen, const char* registry,
         const char* propagation) {
  BlockStopSignals();
  if (registry == nullptr) {
    const auto fake = testing::FakeBackend::Create();
    return Serve(*fake, listen, 0);
  }
  const testing::RegistryClient client(registry);
  return Serve(client.registry(), listen, std::stoi(propagation));
}

}  // namespace
}  // namespace naming::test

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) return 2;
  return naming::test::Main(argv[1], argc == 4 ? argv[2] : nullptr,
                            argc == 4 ? argv[3] : nullptr);
}
