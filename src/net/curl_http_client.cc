// SPDX-License-Identifier: Apache-2.0

#include "net/curl_http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/status_mark.h"
#include "base/text.h"
#include "net/connection_numbers.h"
#include "net/curl_setup.h"
#include "net/curl_sockets.h"

namespace naming::net {
namespace {

using std::chrono::milliseconds;

// libcurl counts connections in use as well as idle ones against this limit,
// and with more open than that it closes one whenever a request ends. Below the
// number of long polls in flight it would therefore cost each poll its
// connection. Nor does a high limit keep many idle ones: a connection is opened
// only when no idle one will do, and libcurl drops those unused for 118 s.
constexpr long kMaxConnections = 10'000;

// Easy handles kept for reuse; each holds some 20 KB.
constexpr std::size_t kMaxIdleHandles = 16;

// libcurl before 8.3 bounds each line of an answer's header, not their sum.
constexpr std::size_t kMaxHeaderBytes = std::size_t{256} << 10;

bool HasSchemeOf(std::string_view url, std::string_view prefix) {
  return base::ToLower(url.substr(0, prefix.size())) == prefix;
}

// What libcurl would take differently than meant. C strings end at a NUL, and
// line ends would add headers.
absl::Status Check(const HttpRequest& request) {
  if (!HasSchemeOf(request.url, "http://") &&
      !HasSchemeOf(request.url, "https://")) {
    return absl::InvalidArgumentError("the URL is neither http nor https");
  }
  if (request.url.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("the URL has a NUL character");
  }
  constexpr std::string_view kForbidden("\r\n\0", 3);
  for (const auto& [name, value] : request.headers) {
    if (name.find_first_of(kForbidden) != std::string::npos ||
        value.find_first_of(kForbidden) != std::string::npos) {
      return absl::InvalidArgumentError("a header has a line end");
    }
  }
  return absl::OkStatus();
}

Slist HeadersOf(const HttpRequest& request) {
  Slist list;
  // Discovery nodes answer no "100 Continue"; libcurl would wait a second.
  Append(list, "Expect:");
  for (const auto& [name, value] : request.headers) {
    // libcurl's way to say that the value is empty is a semicolon.
    Append(list,
           value.empty() ? name + ";" : absl::StrFormat("%s: %s", name, value));
  }
  return list;
}

// One request under way. libcurl has pointers into it.
struct Transfer {
  HttpClient::RequestId id = 0;
  HttpRequest request;
  HttpClient::Done done;
  CURL* easy = nullptr;
  ConnectionNumbers* connections = nullptr;
  Slist headers;
  HttpResponse response;
  std::size_t header_bytes = 0;
  bool is_header_complete = false;
  bool is_body_too_large = false;
  std::string piece;  // Of a body with on_body: what it hasn't got yet.
  char error[CURL_ERROR_SIZE] = "";
};

// Called each time that the request has a connection: again, when a used
// connection turned out to be dead.
int OnConnected(void* data, char* remote_ip, char* local_ip, int remote_port,
                int local_port) {
  Transfer& transfer = *static_cast<Transfer*>(data);
  ConnectionNumbers& connections = *transfer.connections;
  const std::string ends = absl::StrFormat("%s %d %s %d", remote_ip,
                                           remote_port, local_ip, local_port);
  long new_connections = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_NUM_CONNECTS, &new_connections);
  transfer.response.connection =
      new_connections > 0 ? connections.Make(ends) : connections.Of(ends);
  return CURL_PREREQFUNC_OK;
}

// Gets one line at a time, its end included: also those of "100 Continue", and
// of the trailer after a body in chunks.
std::size_t OnHeader(char* bytes, std::size_t size, std::size_t count,
                     void* data) {
  Transfer& transfer = *static_cast<Transfer*>(data);
  const std::string_view line(bytes, size * count);
  if (transfer.header_bytes == 0) {
    transfer.response.alive_at = transfer.connections->alive_at();
  }
  transfer.header_bytes += line.size();
  if (line.substr(0, 5) == "HTTP/") transfer.is_header_complete = false;
  if (base::Trim(line).empty()) transfer.is_header_complete = true;
  return transfer.header_bytes <= kMaxHeaderBytes ? line.size() : 0;
}

bool IsStreamed(const Transfer& transfer) {
  if (transfer.request.on_body == nullptr) return false;
  long status_code = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status_code);
  return status_code == 200;
}

// A piece is delivered later: from within this call, libcurl allows neither the
// start nor the end of a transfer.
std::size_t OnBody(char* bytes, std::size_t size, std::size_t count,
                   void* data) {
  Transfer& transfer = *static_cast<Transfer*>(data);
  std::string& body =
      IsStreamed(transfer) ? transfer.piece : transfer.response.body;
  const std::size_t limit = transfer.request.max_response_bytes;
  if (size * count > limit - body.size()) {
    transfer.is_body_too_large = true;
    return 0;
  }
  body.append(bytes, size * count);
  return size * count;
}

// Returns whether `url` is of visible ASCII characters alone, in a way that
// compilers turn into vector instructions.
bool IsVisible(const std::string& url) {
  std::uint8_t others = 0;
  for (const char c : url) {
    const auto nth = static_cast<std::uint8_t>(c - '!');
    others = static_cast<std::uint8_t>(others | (nth > '~' - '!'));
  }
  return others == 0;
}

// libcurl 7.88 takes a URL apart and puts it together byte by byte, at some 200
// instructions each: a poll's of many applications would cost more than the
// rest of it. So it is told where a query goes, and sends that as it stands.
void SetUrl(CURL* easy, const std::string& url) {
  const std::size_t query = url.find('?');
  const std::size_t path = url.find('/', url.find("://") + 3);
  if (query == std::string::npos || path >= query ||
      url.find('#') != std::string::npos || !IsVisible(url)) {
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    return;
  }
  curl_easy_setopt(easy, CURLOPT_URL, url.substr(0, query).c_str());
  curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, url.c_str() + path);
}

void SetRequest(Transfer& transfer) {
  CURL* const easy = transfer.easy;
  const HttpRequest& request = transfer.request;
  SetUrl(easy, request.url);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   AtLeastOne(request.connect_timeout));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, AtLeastOne(request.timeout));
  if (request.method == HttpRequest::Method::kPost) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  // Fails early, when Content-Length tells; OnBody() sees to the rest.
  curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
                   static_cast<curl_off_t>(request.max_response_bytes));
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &OnConnected);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
}

// Returns whether the request got as far as being sent.
bool WasSent(const Transfer& transfer) {
  curl_off_t pretransfer = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
  return pretransfer != 0;
}

// `transfer` has succeeded.
HttpResponse ResponseOf(Transfer& transfer) {
  HttpResponse response = std::move(transfer.response);
  long status_code = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status_code);
  response.status_code = static_cast<int>(status_code);
  response.alive_at = std::max(response.alive_at, response.connection);
  return response;
}

absl::Status TooLarge(std::size_t limit) {
  return absl::ResourceExhaustedError(
      absl::StrFormat("the answer is larger than %d bytes", limit));
}

absl::Status ErrorOf(const Transfer& transfer, CURLcode code) {
  if (transfer.is_body_too_large || code == CURLE_FILESIZE_EXCEEDED) {
    return TooLarge(transfer.request.max_response_bytes);
  }
  if (transfer.header_bytes > kMaxHeaderBytes) return TooLarge(kMaxHeaderBytes);
  const char* const message =
      transfer.error[0] != '\0' ? transfer.error : curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
      return absl::InvalidArgumentError(message);
    case CURLE_OPERATION_TIMEDOUT:
      if (transfer.header_bytes > 0) {
        return kAnswerBegun.PutOn(absl::DeadlineExceededError(message));
      }
      if (WasSent(transfer)) return absl::DeadlineExceededError(message);
      return base::kUnsent.PutOn(absl::DeadlineExceededError(message));
    default:
      if (WasSent(transfer)) return absl::UnavailableError(message);
      return base::kUnsent.PutOn(absl::UnavailableError(message));
  }
}

}  // namespace

struct CurlHttpClient::Rep {
  // A request that can't even start; its `done` is called by the next Wait().
  struct Failure {
    RequestId id;
    Done done;
    absl::Status status;
  };

  explicit Rep(TlsOptions given_tls) : tls(std::move(given_tls)) {}

  const TlsOptions tls;
  CurlSockets sockets;
  ConnectionNumbers connections;
  RequestId last_id = 0;
  std::unordered_map<RequestId, std::shared_ptr<Transfer>> transfers;
  std::vector<RequestId> streams;  // Those of `transfers` with on_body.
  std::vector<Failure> failures;
  std::vector<CURL*> idle_handles;

  CURL* TakeHandle() {
    if (idle_handles.empty()) return curl_easy_init();
    CURL* const easy = idle_handles.back();
    idle_handles.pop_back();
    return easy;
  }

  // Takes `transfer` out of the multi handle, which closes its connection when
  // the answer isn't complete.
  void Detach(Transfer& transfer) {
    curl_multi_remove_handle(sockets.multi(), transfer.easy);
    if (idle_handles.size() < kMaxIdleHandles) {
      curl_easy_reset(transfer.easy);
      idle_handles.push_back(transfer.easy);
    } else {
      curl_easy_cleanup(transfer.easy);
    }
    transfer.easy = nullptr;
  }

  void Finish(Transfer& transfer, CURLcode code);
  void Forget(const Transfer& transfer);
  bool DeliverFailures();
  void DeliverPieces();
  static void DeliverPiece(Transfer& transfer);
  void DeliverAnswers();
};

void CurlHttpClient::Rep::Finish(Transfer& transfer, CURLcode code) {
  absl::StatusOr<HttpResponse> result;
  if (code == CURLE_OK && !transfer.is_header_complete) {
    // To libcurl that is an answer with an empty body.
    result = absl::UnavailableError("the answer ends within its header");
  } else if (code == CURLE_OK) {
    result = ResponseOf(transfer);
  } else {
    result = ErrorOf(transfer, code);
  }
  const auto node = transfers.extract(transfer.id);
  Forget(transfer);
  Detach(transfer);
  // Everything is in order again: `done` may call Send() and Abort().
  transfer.done(std::move(result));
}

void CurlHttpClient::Rep::Forget(const Transfer& transfer) {
  if (transfer.request.on_body == nullptr) return;
  streams.erase(std::find(streams.begin(), streams.end(), transfer.id));
}

void CurlHttpClient::Rep::DeliverPiece(Transfer& transfer) {
  if (transfer.piece.empty()) return;
  transfer.request.on_body(std::exchange(transfer.piece, {}));
}

// By a copy of the list, and with a share in each Transfer, because on_body may
// end its own as well as others.
void CurlHttpClient::Rep::DeliverPieces() {
  for (const RequestId id : std::vector<RequestId>(streams)) {
    const auto it = transfers.find(id);
    if (it == transfers.end() || it->second->piece.empty()) continue;
    const std::shared_ptr<Transfer> transfer = it->second;
    DeliverPiece(*transfer);
  }
}

bool CurlHttpClient::Rep::DeliverFailures() {
  if (failures.empty()) return false;
  // One by one, because `done` may abort a later one, and because what it sends
  // must fail from the next Wait() only.
  const RequestId last = last_id;
  while (!failures.empty() && failures.front().id <= last) {
    const Failure failure = std::move(failures.front());
    failures.erase(failures.begin());
    failure.done(failure.status);
  }
  return true;
}

void CurlHttpClient::Rep::DeliverAnswers() {
  int left = 0;
  while (const CURLMsg* const message =
             curl_multi_info_read(sockets.multi(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    Finish(*transfer, message->data.result);
  }
}

CurlHttpClient::CurlHttpClient(TlsOptions tls) {
  InitCurlOnce();
  rep_ = std::make_unique<Rep>(std::move(tls));
  curl_multi_setopt(rep_->sockets.multi(), CURLMOPT_MAXCONNECTS,
                    kMaxConnections);
}

CurlHttpClient::~CurlHttpClient() {
  // Moved out first: what a `done` owns may call Abort() as it goes.
  const auto transfers = std::exchange(rep_->transfers, {});
  const auto failures = std::exchange(rep_->failures, {});
  for (const auto& [id, transfer] : transfers) rep_->Detach(*transfer);
  for (CURL* easy : rep_->idle_handles) curl_easy_cleanup(easy);
}

HttpClient::RequestId CurlHttpClient::Send(HttpRequest request, Done done) {
  const RequestId id = ++rep_->last_id;
  absl::Status status = Check(request);
  if (status.ok()) {
    auto transfer = std::make_shared<Transfer>();
    transfer->id = id;
    transfer->headers = HeadersOf(request);
    transfer->request = std::move(request);
    transfer->easy = rep_->TakeHandle();
    transfer->connections = &rep_->connections;
    if (transfer->easy != nullptr) {
      SetPolicy(transfer->easy);
      SetTls(transfer->easy, rep_->tls);
      SetRequest(*transfer);
      if (curl_multi_add_handle(rep_->sockets.multi(), transfer->easy) ==
          CURLM_OK) {
        transfer->done = std::move(done);
        if (transfer->request.on_body != nullptr) rep_->streams.push_back(id);
        rep_->transfers.emplace(id, std::move(transfer));
        return id;
      }
      curl_easy_cleanup(transfer->easy);
    }
    status = absl::UnavailableError("out of memory");
  }
  rep_->failures.push_back({id, std::move(done), std::move(status)});
  return id;
}

void CurlHttpClient::Abort(RequestId id) {
  if (const auto node = rep_->transfers.extract(id)) {
    rep_->Forget(*node.mapped());
    rep_->Detach(*node.mapped());
    return;
  }
  auto& failures = rep_->failures;
  const auto it =
      std::find_if(failures.begin(), failures.end(),
                   [id](const Rep::Failure& f) { return f.id == id; });
  if (it == failures.end()) return;
  const Rep::Failure failure = std::move(*it);  // Destroyed when all is done.
  failures.erase(it);
}

void CurlHttpClient::Wait(std::optional<milliseconds> timeout) {
  milliseconds wait = timeout.value_or(std::chrono::hours(1));
  wait = std::clamp(wait, milliseconds(0), milliseconds(std::chrono::hours(1)));
  if (rep_->DeliverFailures()) wait = milliseconds(0);
  rep_->connections.BeginRound();
  rep_->sockets.Wait(wait);
  rep_->DeliverPieces();
  rep_->DeliverAnswers();
}

void CurlHttpClient::Wake() { rep_->sockets.Wake(); }

}  // namespace naming::net
