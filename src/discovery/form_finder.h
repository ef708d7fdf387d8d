// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_DISCOVERY_FORM_FINDER_H_
#define NAMING_DISCOVERY_FORM_FINDER_H_

#include <string>
#include <vector>

#include "discovery/protocol.h"

namespace naming::discovery {

// Finds out in which form a node reads several applications of one request, by
// what its answers to a fetchs bring: none of them says so.
//
// A node that brings another than the first repeated one reads them all; one
// that brings any of a text with commas reads such texts. Where neither is so,
// perhaps because there are no such applications, the other form is tried once.
//
// Thread-compatible.
class FormFinder final {
 public:
  // Forgets what the node reads: it may be another one.
  void Reset();

  // There is an application more. It may be the first that tells. Not while a
  // request is under way.
  void Grow();

  // Learns what a fetchs in form() for `asked` brought.
  void Learn(const std::vector<std::string>& asked, const AppAnswers& answers);

  // The second of two requests failed. Something before the node may refuse
  // such texts: while that goes on, or is known, ever fewer are sent.
  void FailSecond(bool is_refused);

  // Returns the form of the next request.
  ListForm form() const { return form_; }

  // Returns whether the last fetchs of several has told all that there is, by
  // itself or as the second of two; if not, the next one is that second.
  bool is_settled() const { return is_settled_; }
  bool is_second() const { return is_second_; }

  // Returns whether it is settled though nothing was brought: the first that
  // appears may tell.
  bool is_guess() const { return is_guess_; }

  // Returns whether the first of two that make up the last fetchs brought
  // `app_id`.
  bool HasBrought(const std::string& app_id) const {
    return brought_ == app_id;
  }

 private:
  ListForm form_ = ListForm::kRepeated;
  bool is_proven_ = false;
  bool is_settled_ = false;
  bool is_second_ = false;
  bool is_guess_ = false;
  int failures_ = 0;     // Of second requests in succession.
  int skips_ = 0;        // How many more of them aren't sent.
  std::string brought_;  // By the first of two, which is one at most.
};

}  // namespace naming::discovery

#endif  // NAMING_DISCOVERY_FORM_FINDER_H_
