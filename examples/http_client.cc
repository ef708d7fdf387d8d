// SPDX-License-Identifier: Apache-2.0
// Sends HTTP requests to an application by its name: each goes to an instance
// that works, and to another one when it doesn't.
//
//   example-http_client --nodes=127.0.0.1:7171

#include <chrono>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>

#include "naming/discovery/client.h"
#include "naming/http/client.h"

int main(int argc, char** argv) {
  auto options = naming::discovery::ClientOptions::FromEnvironment();
  if (argc == 2 && std::strncmp(argv[1], "--nodes=", 8) == 0) {
    options.nodes.clear();
    std::istringstream list(argv[1] + 8);
    for (std::string node; std::getline(list, node, ',');) {
      options.nodes.push_back(node);
    }
  } else if (argc != 1) {
    std::cerr << "usage: " << argv[0] << " [--nodes=host:port,host:port]\n";
    return 2;
  }

  auto registry = naming::discovery::Client::Create(options);
  if (!registry.ok()) {
    std::cerr << registry.status() << "\n";
    return 1;
  }

  naming::http::ClientOptions http;
  http.timeout = std::chrono::seconds(2);  // With every attempt.
  http.choice.client_zone = options.zone;  // Prefer providers in the own zone.
  auto greeter = naming::http::Client::Create(
      **registry, "discovery://default/demo.greeter", http);
  if (!greeter.ok()) {
    std::cerr << greeter.status() << "\n";
    return 1;
  }
  // Not needed, but the first request can't succeed before somebody registers.
  absl::Status ready = (*greeter)->WaitReady(std::chrono::seconds(3));
  if (!ready.ok()) {
    std::cerr << ready << "\n";
    return 1;
  }

  auto response = (*greeter)->Get("/hello?name=you");
  if (!response.ok()) {
    std::cerr << response.status() << "\n";
    return 1;
  }
  std::cout << response->endpoint.address << " answered "
            << response->status_code << ": " << response->body << "\n";

  // Sent once at most, wherever it fails after that.
  response =
      (*greeter)->Post("/greetings", R"({"text":"hello"})", "application/json");
  if (!response.ok()) {
    std::cerr << response.status() << "\n";
    return 1;
  }
  std::cout << response->endpoint.address << " answered "
            << response->status_code << "\n";
  return 0;
}
