// SPDX-License-Identifier: Apache-2.0
// A gRPC server to test against. Prints its address; ends with SIGTERM.
//
//   grpc-echo-server 127.0.0.1:0

#include <grpcpp/grpcpp.h>
#include <pthread.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "echo.grpc.pb.h"

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
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(request.delay_ms());
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

int Main(const std::string& listen) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  service.address = listen.substr(0, listen.rfind(':') + 1);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return 1;
  service.address += std::to_string(port);
  std::printf("%s\n", service.address.c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
  return 0;
}

}  // namespace
}  // namespace naming::test

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  return naming::test::Main(argv[1]);
}
