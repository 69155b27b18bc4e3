#include "Remarks.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <tuple>

using namespace mlir;
using namespace lathe;

StringRef lathe::stringifyRemarkKind(RemarkKind kind) {
  switch (kind) {
  case RemarkKind::Passed:
    return "passed";
  case RemarkKind::Missed:
    return "missed";
  case RemarkKind::Analysis:
    return "analysis";
  }
  llvm_unreachable("all kinds are handled");
}

std::string lathe::describeLocation(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc)) return name.getName().str();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string text = describeLocation(part); !text.empty()) return text;
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn()))
        .str();
  return "";
}

/// The function, kernel or program that the op belongs to: the nearest symbol around it that is not the
/// module.
static StringRef enclosingName(Operation *op) {
  for (; op && !isa<ModuleOp>(op); op = op->getParentOp())
    if (op->getNumRegions() > 0)
      if (auto name = op->getAttrOfType<StringAttr>(SymbolTable::getSymbolAttrName())) return name.getValue();
  return "module";
}

static remark::RemarkOpts optionsFor(Operation *op, StringRef pass) {
  return remark::RemarkOpts::name(op->getName().getStringRef()).category(pass).function(enclosingName(op));
}

template <typename Emit> static void emit(Operation *op, StringRef pass, const Twine &text, Emit emitter) {
  if (!op->getContext()->getRemarkEngine()) return;
  SmallString<128> buffer;
  emitter(op->getLoc(), optionsFor(op, pass)) << text.toStringRef(buffer);
}

void lathe::remarkPassed(Operation *op, StringRef pass, const Twine &text) {
  emit(op, pass, text, remark::passed);
}
void lathe::remarkMissed(Operation *op, StringRef pass, const Twine &text) {
  emit(op, pass, text, remark::missed);
}
void lathe::remarkAnalysis(Operation *op, StringRef pass, const Twine &text) {
  emit(op, pass, text, remark::analysis);
}

struct RemarkCollector::Storage {
  std::mutex mutex;
  std::vector<Remark> remarks;
};

namespace {

/// Copies what the engine reports; its strings die with the report.
class CollectingStreamer : public remark::detail::MLIRRemarkStreamerBase {
public:
  using Sink = std::function<void(Remark)>;
  explicit CollectingStreamer(Sink sink) : sink(std::move(sink)) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    std::string text;
    for (const auto &part : remark.getArgs()) text += (text.empty() ? "" : " ") + part.val;
    sink({kindOf(remark), remark.getCategoryName().str(), remark.getFunction().str(),
          describeLocation(remark.getLocation()), std::move(text)});
  }

private:
  static RemarkKind kindOf(const remark::detail::Remark &remark) {
    switch (remark.getRemarkType()) {
    case llvm::remarks::Type::Passed:
      return RemarkKind::Passed;
    case llvm::remarks::Type::Missed:
    case llvm::remarks::Type::Failure:
      return RemarkKind::Missed;
    default:
      return RemarkKind::Analysis;
    }
  }
  Sink sink;
};

} // namespace

RemarkCollector::RemarkCollector(MLIRContext &context) : storage(std::make_shared<Storage>()) {
  auto sink = [storage = storage](Remark remark) {
    std::lock_guard lock(storage->mutex);
    storage->remarks.push_back(std::move(remark));
  };
  remark::RemarkCategories everything;
  everything.passed = everything.missed = everything.analysis = everything.failed = ".*";
  LogicalResult enabled =
      remark::enableOptimizationRemarks(context, std::make_unique<CollectingStreamer>(std::move(sink)),
                                        std::make_unique<remark::RemarkEmittingPolicyAll>(), everything);
  assert(succeeded(enabled) && "the engine takes any streamer");
  (void)enabled;
}

RemarkCollector::~RemarkCollector() = default;

std::vector<Remark> RemarkCollector::take() {
  std::lock_guard lock(storage->mutex);
  std::map<std::string, std::vector<Remark>> byFunction;
  // Lowering to several targets says the same of each.
  std::set<std::tuple<RemarkKind, std::string, std::string, std::string, std::string>> said;
  for (Remark &remark : storage->remarks)
    if (said.insert({remark.kind, remark.pass, remark.function, remark.location, remark.text}).second)
      byFunction[remark.function].push_back(std::move(remark));
  storage->remarks.clear();
  std::vector<Remark> result;
  for (auto &[function, remarks] : byFunction) std::ranges::move(remarks, std::back_inserter(result));
  return result;
}

void lathe::printRemarks(raw_ostream &out, const std::vector<Remark> &remarks) {
  for (const Remark &remark : remarks) {
    out << stringifyRemarkKind(remark.kind) << " " << remark.pass << " @" << remark.function;
    if (!remark.location.empty()) out << " " << remark.location;
    out << ": " << remark.text << "\n";
  }
}
