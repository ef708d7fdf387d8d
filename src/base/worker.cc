// SPDX-License-Identifier: Apache-2.0

#include "base/worker.h"

#include <pthread.h>

namespace naming::base {

void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

Worker::Worker(const std::string& name, Waiter* waiter)
    : loop_(waiter), thread_([this, name] {
        NameThisThread(name);
        do {
          while (loop_.RunTask()) {
          }
        } while (loop_.Sleep());
      }) {}

Worker::~Worker() { Stop(); }

void Worker::Stop() {
  loop_.Stop();
  if (thread_.joinable()) thread_.join();
  loop_.Clear();
}

}  // namespace naming::base
