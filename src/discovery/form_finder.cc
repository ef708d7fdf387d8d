// SPDX-License-Identifier: Apache-2.0

#include "discovery/form_finder.h"

#include <algorithm>
#include <utility>

namespace naming::discovery {
namespace {

// Whether a node that doesn't read `form` could not have brought these.
bool Proves(ListForm form, const std::vector<std::string>& asked,
            const AppAnswers& answers) {
  const auto is_telling = [&](const auto& answer) {
    return form == ListForm::kCommas || answer.first != asked.front();
  };
  return std::any_of(answers.apps.begin(), answers.apps.end(), is_telling) ||
         std::any_of(answers.malformed.begin(), answers.malformed.end(),
                     is_telling);
}

constexpr int kMaxDoublings = 6;

}  // namespace

void FormFinder::Reset() {
  FormFinder anew;
  anew.failures_ = failures_;
  anew.skips_ = skips_;
  *this = std::move(anew);
}

void FormFinder::FailSecond(bool is_refused) {
  // The first failure may be any failure of the node.
  if (is_refused) failures_ = std::max(failures_, 1);
  skips_ = (1 << std::min(failures_, kMaxDoublings)) - 1;
  ++failures_;
}

void FormFinder::Grow() {
  if (!is_proven_) Reset();
}

void FormFinder::Learn(const std::vector<std::string>& asked,
                       const AppAnswers& answers) {
  const bool is_one = asked.size() == 1;
  if (is_one || !is_second_) brought_.clear();
  if (is_one) return;
  is_guess_ = false;
  is_proven_ = Proves(form_, asked, answers);
  if (is_second_) failures_ = 0;
  const bool is_skipped = !is_proven_ && !is_second_ && skips_ > 0;
  if (is_skipped) --skips_;
  is_settled_ = is_proven_ || is_second_ || is_skipped;
  is_second_ = !is_settled_;
  if (is_proven_) return;
  const bool was_repeated = form_ == ListForm::kRepeated;
  form_ = was_repeated && is_second_ ? ListForm::kCommas : ListForm::kRepeated;
  const bool has_first = !answers.apps.empty() || !answers.malformed.empty();
  if (is_second_ && has_first) brought_ = asked.front();
  is_guess_ = is_settled_ && !has_first && brought_.empty();
}

}  // namespace naming::discovery
