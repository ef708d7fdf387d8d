// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_TESTS_UNIT_BRPC_STAND_IN_BRPC_NAMING_SERVICE_H_
#define NAMING_TESTS_UNIT_BRPC_STAND_IN_BRPC_NAMING_SERVICE_H_

#include <butil/endpoint.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace brpc {

struct DescribeOptions {};

struct ServerNode {
  butil::EndPoint addr;
  std::string tag;
#ifdef NAMING_TEST_META_MAP
  std::map<std::string, std::string> meta_map;
#endif
};

class NamingServiceActions {
 public:
  virtual ~NamingServiceActions() {}
  virtual void AddServers(const std::vector<ServerNode>& servers) = 0;
  virtual void RemoveServers(const std::vector<ServerNode>& servers) = 0;
  virtual void ResetServers(const std::vector<ServerNode>& servers) = 0;
};

class NamingService {
 public:
  virtual int RunNamingService(const char* service_name,
                               NamingServiceActions* actions) = 0;
  virtual bool RunNamingServiceReturnsQuickly() { return false; }
  virtual NamingService* New() const = 0;
  virtual void Describe(std::ostream& os, const DescribeOptions&) const = 0;
  virtual void Destroy() = 0;

 protected:
  virtual ~NamingService() {}
};

}  // namespace brpc

#endif  // NAMING_TESTS_UNIT_BRPC_STAND_IN_BRPC_NAMING_SERVICE_H_
