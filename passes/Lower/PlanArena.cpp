// lathe-plan-arena: buffers whose lifetimes do not meet share bytes.
#include "Lower/InPlace.h"
#include "Lower/Passes.h"
#include "Remarks.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/Support/MathExtras.h"

namespace lathe {
#define GEN_PASS_DEF_PLANARENAPASS
#include "Lower/Passes.h.inc"
} // namespace lathe

using namespace mlir;
using namespace lathe;

namespace {

constexpr llvm::StringLiteral kPass = "plan-arena";
constexpr int64_t kAlignment = 64;
/// Positions of one block of a growing state (lib/Artifact/KernelABI.h).
constexpr int64_t kBlockPositions = 64;

/// Slices that overlap (a tensor and the views of its columns) and the dispatches during which they matter.
struct Buffer {
  int64_t begin = 0, end = 0; ///< bytes, as the slices have them before planning
  int64_t firstUse = INT64_MAX, lastUse = -1;
  SmallVector<exec::SliceOp> slices;
  int64_t offset = -1; ///< the plan

  int64_t bytes() const { return llvm::alignTo(end - begin, kAlignment); }
  bool meets(const Buffer &other) const { return firstUse <= other.lastUse && other.firstUse <= lastUse; }
};

/// Plans one entry point.
class EntryPlan {
public:
  EntryPlan(exec::ProgramOp program, exec::EntryOp entry)
      : program(program), entry(entry), symbols(program) {}

  /// Assigns offsets; returns the bytes that the entry needs.
  int64_t run() {
    collectBuffers();
    findLifetimes();
    int64_t apart = 0;
    for (const Buffer &buffer : buffers) apart += buffer.bytes();
    int64_t inPlace = shareInPlace();
    int64_t total = place();
    for (Buffer &buffer : buffers)
      for (exec::SliceOp slice : buffer.slices)
        slice.setOffset(int64_t(slice.getOffset()) - buffer.begin + buffer.offset);
    remarkAnalysis(entry, kPass,
                   Twine(total) + " bytes for " + Twine(buffers.size()) + " buffers of " + Twine(apart) +
                       " bytes, of which " + Twine(mostAtOnce) + " live at once; " + Twine(inPlace) +
                       " bytes are written in place of an input");
    return total;
  }

private:
  int64_t extentOf(exec::SliceType type) {
    bool outputs = type.getDomain() == exec::RowDomain::Outputs;
    int64_t rows = outputs ? program.getMaxOutputs() : program.getMaxRows();
    return rows * type.getStride();
  }

  void collectBuffers() {
    // By offset, a parent before its views: it comes first in the list, too.
    std::multimap<int64_t, exec::SliceOp> slices;
    for (auto slice : entry.getBody().getOps<exec::SliceOp>()) slices.insert({slice.getOffset(), slice});
    for (auto [begin, slice] : slices) {
      // The last row of a view ends before its stride does.
      exec::SliceType type = slice.getType();
      int64_t rowBytes = type.getGroup()
                             ? type.getStride()
                             : type.getColumns() * type.getElementType().getIntOrFloatBitWidth() / 8;
      int64_t end = begin + extentOf(type) - type.getStride() + rowBytes;
      if (buffers.empty() || begin >= buffers.back().end) buffers.push_back({begin, end});
      Buffer &buffer = buffers.back();
      buffer.end = std::max(buffer.end, end);
      buffer.slices.push_back(slice);
      bufferOf[slice] = buffers.size() - 1;
    }
  }

  void findLifetimes() {
    int64_t time = 0;
    for (Operation &op : entry.getBody().front()) {
      for (Value operand : op.getOperands()) {
        auto slice = operand.getDefiningOp<exec::SliceOp>();
        if (!slice) continue;
        Buffer &buffer = buffers[bufferOf[slice]];
        buffer.firstUse = std::min(buffer.firstUse, time);
        buffer.lastUse = std::max(buffer.lastUse, time);
      }
      ++time;
    }
  }

  /// Joins an output with an input that dies where the output begins. Returns the bytes saved.
  int64_t shareInPlace() {
    for (unsigned i = 0; i < buffers.size(); ++i) shared.insert(i);
    int64_t saved = 0, time = 0;
    for (Operation &op : entry.getBody().front()) {
      if (auto dispatch = dyn_cast<exec::DispatchOp>(op)) saved += shareInPlace(dispatch, time);
      ++time;
    }
    return saved;
  }

  int64_t shareInPlace(exec::DispatchOp dispatch, int64_t time) {
    auto kernel = symbols.lookup<exec::KernelOp>(dispatch.getKernel());
    SmallVector<unsigned> arguments; // the kernel's argument behind each input
    for (BlockArgument argument : kernel.getBody().getArguments())
      if (!isa<BatchType>(argument.getType())) arguments.push_back(argument.getArgNumber());
    int64_t saved = 0;
    for (auto [number, output] : llvm::enumerate(dispatch.getOutputs())) {
      unsigned to = bufferOf[output.getDefiningOp<exec::SliceOp>()];
      if (buffers[to].firstUse != time) continue;
      for (auto [input, argument] : llvm::zip(dispatch.getInputs(), arguments)) {
        if (input.getType() != output.getType() || llvm::count(dispatch.getInputs(), input) != 1) continue;
        unsigned from = bufferOf[input.getDefiningOp<exec::SliceOp>()];
        if (buffers[from].lastUse != time || buffers[from].slices.size() != 1) continue;
        if (lastUseOf(from) != time || !canWriteInPlace(kernel, argument, number)) continue;
        saved += buffers[to].bytes();
        shared.unionSets(from, to);
        remarkPassed(dispatch, kPass,
                     "result " + Twine(number) + " takes the place of input " + Twine(argument));
        break;
      }
    }
    return saved;
  }

  /// The last use of everything that shares bytes with the buffer so far.
  int64_t lastUseOf(unsigned buffer) const {
    int64_t last = -1;
    for (unsigned member : shared.members(buffer)) last = std::max(last, buffers[member].lastUse);
    return last;
  }

  /// Largest first, each at the lowest offset that is free during its life. Returns the bytes needed.
  int64_t place() {
    SmallVector<Buffer> whole;
    SmallVector<unsigned> leaders;
    for (const auto &cls : shared) {
      if (!cls->isLeader()) continue;
      Buffer joint;
      for (unsigned member : shared.members(cls->getData())) {
        const Buffer &buffer = buffers[member];
        joint.end = std::max(joint.end, buffer.end - buffer.begin);
        joint.firstUse = std::min(joint.firstUse, buffer.firstUse);
        joint.lastUse = std::max(joint.lastUse, buffer.lastUse);
      }
      leaders.push_back(cls->getData());
      whole.push_back(std::move(joint));
    }
    SmallVector<unsigned> order = llvm::to_vector(llvm::seq<unsigned>(0, whole.size()));
    llvm::sort(order, [&](unsigned a, unsigned b) {
      if (whole[a].bytes() != whole[b].bytes()) return whole[a].bytes() > whole[b].bytes();
      return std::pair(whole[a].firstUse, a) < std::pair(whole[b].firstUse, b);
    });
    for (int64_t time = 0; time < int64_t(entry.getBody().front().getOperations().size()); ++time) {
      int64_t live = 0;
      for (const Buffer &buffer : whole)
        if (buffer.firstUse <= time && time <= buffer.lastUse) live += buffer.bytes();
      mostAtOnce = std::max(mostAtOnce, live);
    }
    int64_t total = 0;
    SmallVector<unsigned> placed;
    for (unsigned index : order) {
      whole[index].offset = lowestFree(whole, placed, whole[index]);
      total = std::max(total, whole[index].offset + whole[index].bytes());
      placed.push_back(index);
      for (unsigned member : shared.members(leaders[index])) buffers[member].offset = whole[index].offset;
    }
    return total;
  }

  static int64_t lowestFree(ArrayRef<Buffer> all, ArrayRef<unsigned> placed, const Buffer &buffer) {
    SmallVector<std::pair<int64_t, int64_t>> taken;
    for (unsigned other : placed)
      if (all[other].meets(buffer))
        taken.push_back({all[other].offset, all[other].offset + all[other].bytes()});
    llvm::sort(taken);
    int64_t offset = 0;
    for (auto [begin, end] : taken) {
      if (offset + buffer.bytes() <= begin) break;
      offset = std::max(offset, end);
    }
    return offset;
  }

  exec::ProgramOp program;
  exec::EntryOp entry;
  SymbolTable symbols;
  std::vector<Buffer> buffers;
  llvm::DenseMap<Operation *, unsigned> bufferOf;
  llvm::EquivalenceClasses<unsigned> shared;
  int64_t mostAtOnce = 0; ///< bytes: no plan needs fewer
};

struct PlanArenaPass : lathe::impl::PlanArenaPassBase<PlanArenaPass> {
  void runOnOperation() override {
    exec::ProgramOp program = getOperation();
    planStates(program);
    int64_t bytes = 0;
    for (auto entry : program.getBody().getOps<exec::EntryOp>())
      bytes = std::max(bytes, EntryPlan(program, entry).run());
    program.setArenaBytes(bytes);
  }

  static void planStates(exec::ProgramOp program) {
    int64_t block = 0, fixed = 0;
    for (auto state : program.getBody().getOps<exec::StateOp>()) {
      auto type = cast<StateType>(state.getType());
      bool growing = type.getKind() == StateKind::Growing;
      int64_t bytes = type.getElementType().getIntOrFloatBitWidth() / 8;
      for (int64_t extent : type.getShape()) bytes *= extent;
      int64_t &end = growing ? block : fixed;
      state.setOffset(end);
      end = llvm::alignTo(end + bytes * (growing ? kBlockPositions : 1), kAlignment);
    }
    program.setBlockBytes(block);
    program.setFixedBytes(fixed);
    remarkAnalysis(program, kPass,
                   Twine(block) + " bytes of growing state for " + Twine(kBlockPositions) + " positions, " +
                       Twine(fixed) + " bytes of fixed state a slot");
  }
};

} // namespace
