#include "Lower/DispatchGroups.h"

#include "Remarks.h"

using namespace mlir;
using namespace lathe;

static constexpr llvm::StringLiteral kPass = "form-dispatches";

bool lathe::hasLocality(Operation *op, Locality locality) {
  auto fusable = dyn_cast<FusableOpInterface>(op);
  return fusable && fusable.getLocality() == locality;
}

bool lathe::isInlinedRead(Operation *op) {
  if (isa<TokensOp, PositionsOp>(op)) return true;
  auto convert = dyn_cast<ConvertOp>(op);
  if (!convert || !cast<RankedTensorType>(convert.getResult().getType()).getElementType().isF32())
    return false;
  Operation *def = convert.getInput().getDefiningOp();
  auto takesRead = [](Operation *user) {
    return isa<FusableOpInterface, QuantizeRowsOp, CacheWriteOp>(user);
  };
  return !(def && isa<ConvertOp>(def) && isInlinedRead(def)) && llvm::all_of(op->getUsers(), takesRead);
}

bool lathe::needsKernel(Operation *op) {
  if (isInlinedRead(op)) return false;
  return isDispatchRoot(op) || isa<FusableOpInterface, SelectOutputsOp, QuantizeRowsOp, CacheWriteOp>(op);
}

static StringRef shortName(Operation *op) { return op->getName().stripDialect(); }

/// "linear + activation + mul".
static std::string namesOf(const DispatchGroup &group) {
  return llvm::join(llvm::map_range(group, [](Operation *op) { return shortName(op).str(); }), " + ");
}

/// A linear or an embedding may be followed by element-wise work; other roots keep a kernel to themselves.
static bool takesEpilogue(Operation *root) { return isa<LinearOp, EmbeddingOp>(root); }

DispatchGroups::DispatchGroups(Block &body) : block(&body) {
  orderStateOps();
  for (Operation &op : *block)
    if (isDispatchRoot(&op)) formRootGroup(&op);
  for (auto write : block->getOps<CacheWriteOp>()) formCacheGroup(write);
  for (Operation &op : *block)
    if (isFree(&op)) formRowGroup(&op);
}

const DispatchGroup *DispatchGroups::groupOf(Operation *op) const { return owner.lookup(op); }

bool DispatchGroups::isFree(Operation *op) const {
  return op->getBlock() == block && needsKernel(op) && !owner.count(op);
}

SmallVector<Operation *> DispatchGroups::operandsOf(Operation *op) const {
  SmallVector<Operation *> result;
  for (Value operand : op->getOperands())
    if (Operation *def = operand.getDefiningOp()) result.push_back(def);
  if (auto found = stateOrder.find(op); found != stateOrder.end()) llvm::append_range(result, found->second);
  return result;
}

SmallVector<Operation *> DispatchGroups::predecessors(Operation *op) const {
  const DispatchGroup *group = groupOf(op);
  if (!group) return operandsOf(op);
  SmallVector<Operation *> result;
  for (Operation *member : *group)
    for (Operation *operand : operandsOf(member))
      if (!group->contains(operand)) result.push_back(operand);
  return result;
}

namespace {
struct StateAccess {
  FlatSymbolRefAttr state;
  bool writes;
};
} // namespace

static SmallVector<StateAccess> stateAccesses(Operation *top) {
  SmallVector<StateAccess> result;
  top->walk([&](Operation *op) {
    if (auto write = dyn_cast<CacheWriteOp>(op)) result.push_back({write.getStateAttr(), true});
    if (auto scan = dyn_cast<DecayScanOp>(op)) result.push_back({scan.getStateAttr(), true});
    if (auto attention = dyn_cast<AttentionOp>(op))
      if (attention.getStateAttr()) result.push_back({attention.getStateAttr(), false});
  });
  return result;
}

void DispatchGroups::orderStateOps() {
  struct History {
    Operation *lastWrite = nullptr;
    SmallVector<Operation *> reads;
  };
  llvm::MapVector<Attribute, History> histories;
  for (Operation &op : *block) {
    for (StateAccess access : stateAccesses(&op)) {
      History &history = histories[access.state];
      auto &before = stateOrder[&op];
      if (history.lastWrite) before.push_back(history.lastWrite);
      if (!access.writes) {
        history.reads.push_back(&op);
        continue;
      }
      llvm::append_range(before, history.reads);
      history = {&op, {}};
    }
  }
}

bool DispatchGroups::staysOrdered(const DispatchGroup &group, Operation *op) const {
  auto inside = [&](Operation *other) { return other == op || group.contains(other); };
  SmallVector<Operation *> stack;
  llvm::SmallPtrSet<Operation *, 32> seen;
  auto pushOutside = [&](Operation *member) {
    for (Operation *operand : operandsOf(member))
      if (!inside(operand) && seen.insert(operand).second) stack.push_back(operand);
  };
  for (Operation *member : group) pushOutside(member);
  pushOutside(op);
  while (!stack.empty()) {
    for (Operation *before : predecessors(stack.pop_back_val())) {
      if (inside(before)) return false;
      if (seen.insert(before).second) stack.push_back(before);
    }
  }
  return true;
}

void DispatchGroups::commit(DispatchGroup group) {
  SmallVector<Operation *> ordered(group.begin(), group.end());
  llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  auto stored = std::make_unique<DispatchGroup>(ordered.begin(), ordered.end());
  for (Operation *op : *stored) owner[op] = stored.get();
  if (stored->size() > 1) remarkPassed(stored->front(), kPass, "one dispatch: " + namesOf(*stored));
  groups.push_back(std::move(stored));
}

//===----------------------------------------------------------------------------------------===//
// Roots and what follows them
//===----------------------------------------------------------------------------------------===//

void DispatchGroups::formRootGroup(Operation *root) {
  DispatchGroup group;
  group.insert(root);
  if (takesEpilogue(root)) {
    growEpilogue(group);
    dropSharedIntermediates(group);
    addQuantization(group);
  }
  for (Operation *member : group)
    for (Operation *user : member->getUsers())
      if (!group.contains(user)) noteMissed(root, user);
  commit(std::move(group));
}

/// Why the kernel of this root does not go on with an op behind it, where there is no closer reason.
void DispatchGroups::noteMissed(Operation *root, Operation *user) {
  if (missed.contains(user)) return;
  if (!takesEpilogue(root)) {
    if (hasLocality(user, Locality::Element) || isa<QuantizeRowsOp>(user))
      missed[user] = (shortName(root) + " writes its result in pieces that no epilogue can follow").str();
  } else if (hasLocality(user, Locality::Row)) {
    missed[user] =
        "it needs whole rows, of which a work item computes " + std::to_string(kTileColumns) + " columns";
  } else if (hasLocality(user, Locality::Pair)) {
    missed[user] = "it needs columns of a head that lie in different tiles";
  }
}

void DispatchGroups::growEpilogue(DispatchGroup &group) {
  for (unsigned next = 0; next < group.size(); ++next)
    for (Value result : group[next]->getResults())
      for (Operation *user : result.getUsers()) {
        if (!hasLocality(user, Locality::Element) || !isFree(user) || group.contains(user)) continue;
        if (staysOrdered(group, user))
          group.insert(user);
        else
          missed[user] = "its other operand depends on this result";
      }
}

/// An intermediate that is also used elsewhere would have to be stored anyway: the epilogue ends there.
void DispatchGroups::dropSharedIntermediates(DispatchGroup &group) {
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation *op : group) {
      auto isMember = [&](Operation *user) { return group.contains(user); };
      if (llvm::none_of(op->getUsers(), isMember) || llvm::all_of(op->getUsers(), isMember)) continue;
      Operation *other = *llvm::find_if_not(op->getUsers(), isMember);
      SetVector<Operation *> dropped;
      for (Operation *user : op->getUsers())
        if (isMember(user)) dropped.insert(user);
      for (unsigned i = 0; i < dropped.size(); ++i)
        for (Operation *user : dropped[i]->getUsers())
          if (isMember(user)) dropped.insert(user);
      for (Operation *user : dropped) {
        missed[user] = (shortName(op) + "'s result is needed by " + shortName(other) + " as well").str();
        group.remove(user);
      }
      changed = true;
      break;
    }
  }
}

void DispatchGroups::addQuantization(DispatchGroup &group) {
  Operation *root = group.front();
  SmallVector<Operation *> members(group.begin(), group.end());
  for (Operation *op : members)
    for (Operation *user : op->getUsers()) {
      auto quantize = dyn_cast<QuantizeRowsOp>(user);
      if (!quantize || !isFree(user)) continue;
      int64_t rowGroup = cast<QuantizedRowsAttr>(quantize.getResult().getType().getEncoding()).getGroup();
      if (!isa<LinearOp>(root))
        missed[user] = (shortName(root) + " copies rows and has no tile to quantize").str();
      else if (!quantize.getInput().hasOneUse())
        missed[user] = "the value is needed unquantized as well";
      else if (kTileColumns % rowGroup != 0)
        missed[user] = "a group of " + std::to_string(rowGroup) + " columns does not lie within a tile of " +
                       std::to_string(kTileColumns);
      else if (staysOrdered(group, user))
        group.insert(user);
    }
}

//===----------------------------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------------------------===//

void DispatchGroups::addRopesOfTable(DispatchGroup &group, Value table, function_ref<bool(RopeOp)> wanted) {
  for (Operation *user : table.getUsers()) {
    auto rope = dyn_cast<RopeOp>(user);
    if (rope && rope.getTable() == table && isFree(user) && wanted(rope) && staysOrdered(group, user))
      group.insert(user);
  }
}

/// Results that leave in another type leave converted.
void DispatchGroups::addConversions(DispatchGroup &group) {
  for (unsigned next = 0; next < group.size(); ++next)
    for (Operation *user : group[next]->getUsers())
      if (isa<ConvertOp>(user) && isFree(user) && staysOrdered(group, user)) group.insert(user);
}

/// Whether attention over the state reads the value, as it is or converted.
static bool feedsAttention(Value value, FlatSymbolRefAttr state) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (auto convert = dyn_cast<ConvertOp>(user)) return feedsAttention(convert.getResult(), state);
    auto attention = dyn_cast<AttentionOp>(user);
    return attention && attention.getStateAttr() == state;
  });
}

/// Keys turn where they are written; queries of the same layer turn beside them.
void DispatchGroups::formCacheGroup(CacheWriteOp write) {
  DispatchGroup group;
  group.insert(write);
  auto isRowWork = [](Operation *op) {
    return op && (hasLocality(op, Locality::Pair) || hasLocality(op, Locality::Element));
  };
  for (unsigned next = 0; next < group.size(); ++next)
    for (Value operand : group[next]->getOperands()) {
      Operation *def = operand.getDefiningOp();
      if (isRowWork(def) && isFree(def) && staysOrdered(group, def)) group.insert(def);
    }
  SmallVector<Value> tables;
  for (Operation *op : group)
    if (auto rope = dyn_cast<RopeOp>(op)) tables.push_back(rope.getTable());
  auto isQuery = [&](RopeOp rope) { return feedsAttention(rope.getResult(), write.getStateAttr()); };
  for (Value table : tables) addRopesOfTable(group, table, isQuery);
  addConversions(group);
  commit(std::move(group));
}

void DispatchGroups::addSelections(DispatchGroup &group) {
  for (Operation &op : *block)
    if (isa<SelectOutputsOp>(op) && isFree(&op) && !group.contains(&op) && staysOrdered(group, &op))
      group.insert(&op);
}

void DispatchGroups::formRowGroup(Operation *seed) {
  reportMissed(seed);
  DispatchGroup group;
  group.insert(seed);
  if (isa<SelectOutputsOp>(seed)) addSelections(group);
  if (auto rope = dyn_cast<RopeOp>(seed)) {
    addRopesOfTable(group, rope.getTable(), [](RopeOp) { return true; });
    addConversions(group);
    return commit(std::move(group));
  }
  unsigned norms = hasLocality(seed, Locality::Row);
  for (unsigned next = 0; next < group.size(); ++next)
    for (Operation *user : group[next]->getUsers()) {
      bool isNorm = hasLocality(user, Locality::Row);
      if (!isNorm && !hasLocality(user, Locality::Element) && !isa<QuantizeRowsOp>(user)) continue;
      if (!isFree(user) || group.contains(user)) continue;
      if (isNorm && norms) {
        missed[user] = "a row dispatch holds one norm";
        continue;
      }
      if (!staysOrdered(group, user)) continue;
      group.insert(user);
      norms += isNorm;
    }
  commit(std::move(group));
}

void DispatchGroups::reportMissed(Operation *op) const {
  if (auto found = missed.find(op); found != missed.end())
    remarkMissed(op, kPass, shortName(op) + " is not fused with what computes its operand: " + found->second);
}
