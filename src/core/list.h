// SPDX-License-Identifier: Apache-2.0

#ifndef NAMING_CORE_LIST_H_
#define NAMING_CORE_LIST_H_

#include <vector>

#include "naming/instance.h"
#include "naming/schedule.h"
#include "naming/snapshot.h"

namespace naming::core {

// One application as a backend answered it: always the whole list.
struct List {
  // In any order. Of two with the same zone and hostname the last one counts.
  std::vector<Instance> instances;

  Schedule schedule;

  // The registry was there without a break since it gave the list before this
  // one: what is missing has left. See ShrinkPolicy and, for a list of
  // nothing, TopicSetting::confirm_after.
  bool is_live = false;

  // More Instances, as if they stood behind `instances`. A backend that takes
  // those that didn't change from the present Snapshot spares their copies.
  Snapshot::Instances objects = {};
};

}  // namespace naming::core

#endif  // NAMING_CORE_LIST_H_
