// SPDX-License-Identifier: Apache-2.0

#include "net/curl_exchange.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "net/curl_setup.h"

namespace naming::net {
namespace {

using Fault = ExchangeResult::Fault;

// "host::address", for any port: libcurl then keeps `host` in the URL, in the
// header Host, as the TLS server name and in what certificates are checked for.
// Other names, which redirects may lead to, go their own way.
std::string ConnectTo(std::string_view host, std::string_view address) {
  return absl::StrFormat("%s::%s", host, address);
}

// Of the exchange under way. libcurl has a pointer to it.
struct Progress {
  const ExchangeSetting* setting = nullptr;
  CURL* easy = nullptr;
  ExchangeResult result;
  std::size_t header_bytes = 0;
  bool is_header_complete = false;
  bool is_too_large = false;
  bool may_repeat = false;
  bool is_repetition = false;
  int sends = 0;
  long redirects = 0;
};

bool WasSent(CURL* easy) {
  long bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes);
  return bytes > 0;
}

// Called each time that a request is about to be sent. libcurl sends one again,
// be it a POST, when a used connection ends before the first byte of an answer:
// it takes the server to have closed it earlier. But the server may as well
// have died of the request, or just after it.
int OnSend(void* data, char*, char*, int, int) {
  Progress& progress = *static_cast<Progress*>(data);
  long redirects = 0;
  curl_easy_getinfo(progress.easy, CURLINFO_REDIRECT_COUNT, &redirects);
  const bool is_same_request =
      progress.sends++ > 0 && redirects == progress.redirects;
  progress.redirects = redirects;
  if (!is_same_request || progress.may_repeat || !WasSent(progress.easy)) {
    return CURL_PREREQFUNC_OK;
  }
  progress.is_repetition = true;
  return CURL_PREREQFUNC_ABORT;
}

// Gets a line at a time. Of several answers ("100 Continue", redirects) the
// last one's lines are kept.
std::size_t OnHeaderLine(char* bytes, std::size_t size, std::size_t count,
                         void* data) {
  Progress& progress = *static_cast<Progress*>(data);
  const std::string_view line(bytes, size * count);
  progress.header_bytes += line.size();
  if (progress.header_bytes > progress.setting->max_header_bytes) return 0;
  if (line.substr(0, 5) == "HTTP/") {
    progress.is_header_complete = false;
    progress.result.headers.clear();
    return line.size();
  }
  if (base::Trim(line).empty()) progress.is_header_complete = true;
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    progress.result.headers.emplace_back(
        std::string(base::Trim(line.substr(0, colon))),
        std::string(base::Trim(line.substr(colon + 1))));
  }
  return line.size();
}

std::size_t OnBodyBytes(char* bytes, std::size_t size, std::size_t count,
                        void* data) {
  Progress& progress = *static_cast<Progress*>(data);
  std::string& body = progress.result.body;
  if (size * count > progress.setting->max_body_bytes - body.size()) {
    progress.is_too_large = true;
    return 0;
  }
  body.append(bytes, size * count);
  return size * count;
}

Slist HeadersOf(const ExchangeRequest& request) {
  Slist list;
  // A server that doesn't know "100-continue" would cost a second.
  Append(list, "Expect:");
  bool has_type = false;
  if (request.headers != nullptr) {
    for (const auto& [name, value] : *request.headers) {
      has_type = has_type || base::ToLower(name) == "content-type";
      // libcurl's way to say that the value is empty is a semicolon.
      Append(list, value.empty() ? name + ";"
                                 : absl::StrFormat("%s: %s", name, value));
    }
  }
  // libcurl takes a body of unknown type for a form.
  if (!has_type) Append(list, "Content-Type:");
  return list;
}

bool HasBody(const ExchangeRequest& request) {
  return !request.body.empty() || request.method == "POST" ||
         request.method == "PUT" || request.method == "PATCH";
}

void SetMethod(CURL* easy, const ExchangeRequest& request) {
  const char* custom = request.method.c_str();
  if (HasBody(request)) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                     request.body.empty() ? "" : request.body.data());
    // Not set, so that a redirect may turn a POST into a GET, as usual.
    if (request.method == "POST") custom = nullptr;
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (request.method == "GET") custom = nullptr;
    if (request.method == "HEAD") {
      curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
      custom = nullptr;
    }
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, custom);
}

absl::Status StatusOf(CURLcode code, const std::string& message) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return absl::DeadlineExceededError(message);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, or a redirect to elsewhere.
    case CURLE_BAD_CONTENT_ENCODING:
      return absl::InternalError(message);
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return absl::InvalidArgumentError(message);
    default:
      return absl::UnavailableError(message);
  }
}

absl::Status TooLarge(std::string_view part, std::size_t limit) {
  return absl::ResourceExhaustedError(absl::StrFormat(
      "the %s of the answer is larger than %d bytes", part, limit));
}

void Fail(Progress& progress, CURLcode code, const char* error) {
  ExchangeResult& result = progress.result;
  const ExchangeSetting& setting = *progress.setting;
  result.body.clear();
  if (progress.header_bytes > setting.max_header_bytes) {
    result.status = TooLarge("header", setting.max_header_bytes);
  } else if (progress.is_too_large || code == CURLE_FILESIZE_EXCEEDED) {
    result.status = TooLarge("body", setting.max_body_bytes);
  } else if (progress.is_repetition) {
    result.fault = Fault::kServer;
    result.status =
        absl::UnavailableError("the connection was closed before an answer");
  } else {
    result.fault = FaultOf(code);
    result.status =
        StatusOf(code, error[0] != '\0' ? error : curl_easy_strerror(code));
  }
}

}  // namespace

Fault FaultOf(int code) {
  switch (code) {
    case CURLE_OK:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_HTTP_RETURNED_ERROR:
    case CURLE_TOO_MANY_REDIRECTS:
      return Fault::kNone;
    case CURLE_OPERATION_TIMEDOUT:
      return Fault::kTimeout;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return Fault::kServer;
    default:
      return Fault::kOurs;
  }
}

struct CurlExchange::Rep {
  const ExchangeSetting& setting;
  CURLM* const multi = curl_multi_init();
  CURL* const easy = curl_easy_init();
  Slist connect_to = {};
  std::atomic<bool> is_cancelled{false};
  char error[CURL_ERROR_SIZE] = "";

  void Perform(Progress& progress);
};

CurlExchange::CurlExchange(const ExchangeSetting& setting,
                           std::string_view host, std::string_view address)
    : rep_((InitCurlOnce(), new Rep{setting})) {
  CURL* const easy = rep_->easy;
  if (easy == nullptr || rep_->multi == nullptr) return;
  curl_multi_setopt(rep_->multi, CURLMOPT_MAXCONNECTS, 1L);
  SetPolicy(easy);
  SetTls(easy, setting.tls);
  if (!address.empty()) {
    Append(rep_->connect_to, ConnectTo(host, address));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, rep_->connect_to.get());
  }
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                   static_cast<long>(setting.idle_timeout.count()));
  if (setting.max_redirects > 0) {
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, long{setting.max_redirects});
  }
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &OnSend);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeaderLine);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBodyBytes);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, rep_->error);
}

CurlExchange::~CurlExchange() {
  curl_easy_cleanup(rep_->easy);
  curl_multi_cleanup(rep_->multi);
}

void CurlExchange::Cancel() {
  rep_->is_cancelled = true;
  if (rep_->multi != nullptr) curl_multi_wakeup(rep_->multi);
}

void CurlExchange::Rep::Perform(Progress& progress) {
  curl_multi_add_handle(multi, easy);
  for (;;) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    const CURLMsg* const message = curl_multi_info_read(multi, &left);
    if (message != nullptr && message->msg == CURLMSG_DONE) {
      const CURLcode code = message->data.result;
      long status_code = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status_code);
      progress.result.status_code = static_cast<int>(status_code);
      if (code != CURLE_OK) {
        Fail(progress, code, error);
      } else if (!progress.is_header_complete) {
        // To libcurl that is an answer with an empty body.
        progress.result.fault = Fault::kServer;
        progress.result.status =
            absl::UnavailableError("the answer ends within its header");
      }
      break;
    }
    if (is_cancelled) {
      progress.result.fault = Fault::kOurs;
      progress.result.status = absl::CancelledError("it is being destroyed");
      break;
    }
    // Ends earlier where libcurl has a timer, and for Cancel().
    curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
  progress.result.was_sent = WasSent(easy);
  curl_multi_remove_handle(multi, easy);
}

ExchangeResult CurlExchange::Run(const ExchangeRequest& request) {
  CURL* const easy = rep_->easy;
  Progress progress;
  if (easy == nullptr || rep_->multi == nullptr) {
    progress.result.fault = Fault::kOurs;
    progress.result.status = absl::UnavailableError("out of memory");
    return std::move(progress.result);
  }
  progress.setting = &rep_->setting;
  progress.easy = easy;
  progress.may_repeat = request.may_repeat;
  const Slist headers = HeadersOf(request);
  rep_->error[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, AtLeastOne(request.timeout));
  curl_easy_setopt(
      easy, CURLOPT_CONNECTTIMEOUT_MS,
      AtLeastOne(std::min(request.timeout, rep_->setting.connect_timeout)));
  SetMethod(easy, request);
  // Fails early, when Content-Length tells; that of a HEAD tells of no body.
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                   static_cast<curl_off_t>(request.method == "HEAD"
                                               ? 0
                                               : rep_->setting.max_body_bytes));
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &progress);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &progress);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &progress);
  rep_->Perform(progress);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, nullptr);
  return std::move(progress.result);
}

struct CurlRoute::Rep {
  Slist connect_to;
};

CurlRoute::CurlRoute(std::string_view host, std::string_view address)
    : rep_(std::make_unique<Rep>()) {
  if (!address.empty()) Append(rep_->connect_to, ConnectTo(host, address));
}

CurlRoute::~CurlRoute() = default;

bool CurlRoute::Apply(void* easy, const std::string& url,
                      const ExchangeSetting& setting,
                      std::chrono::milliseconds timeout) const {
  const auto set = [easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  bool is_set = set(CURLOPT_URL, url.c_str()) &&
                set(CURLOPT_CONNECT_TO, rep_->connect_to.get()) &&
                set(CURLOPT_PROXY, "") && set(CURLOPT_NOSIGNAL, 1L) &&
                set(CURLOPT_PROTOCOLS_STR, "http,https") &&
                set(CURLOPT_CONNECTTIMEOUT_MS,
                    AtLeastOne(std::min(timeout, setting.connect_timeout))) &&
                set(CURLOPT_TIMEOUT_MS, AtLeastOne(timeout));
  if (is_set) SetTls(easy, setting.tls);
  return is_set;
}

}  // namespace naming::net
