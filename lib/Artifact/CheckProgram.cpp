#include "Artifact/CheckProgram.h"

#include "Artifact/CheckTarget.h"
#include "Artifact/Format.h"
#include "Support/MappedFile.h"

#include <algorithm>
#include <set>

namespace lathe {

namespace {

/// The flatbuffers verifier aligns the length of a vector, but not elements that are wider than it.
template <typename Element> bool isAligned(const flatbuffers::Vector<Element> &vector) {
  return reinterpret_cast<uintptr_t>(vector.Data()) % alignof(uint64_t) == 0;
}

class ProgramChecker {
public:
  ProgramChecker(const fb::Program &program, const fb::Header &header) : program_(program), header_(header) {}

  Status sizes() const;
  Status kernel(const fb::Kernel &kernel, uint32_t &nextCode) const;
  Status states() const;
  Status entry(const fb::Entry &entry) const;
  Status variant(const fb::Variant &variant, uint32_t codes, uint64_t fileBytes) const;

private:
  Status kernelClass(const fb::KernelClass &kernelClass) const;
  Status grid(const flatbuffers::Vector<const fb::GridFactor *> *factors) const;
  Status dispatch(const fb::Dispatch &dispatch) const;
  Status binding(const fb::Binding &binding) const;
  Status result(const fb::Entry &entry) const;
  Status rows(uint64_t offset, uint64_t columns, uint64_t stride, fb::RowDomain domain) const;
  /// The most rows a call can have of `domain`; sequences are no more than rows.
  uint64_t maximum(fb::RowDomain domain) const {
    return domain == fb::RowDomain::Outputs ? program_.max_outputs() : program_.max_rows();
  }

  const fb::Program &program_;
  const fb::Header &header_;
};

Status ProgramChecker::sizes() const {
  if (program_.max_rows() == 0 || program_.max_rows() > limits::kRows)
    return corrupt("max_rows is out of range");
  if (program_.max_outputs() == 0 || program_.max_outputs() > program_.max_rows())
    return corrupt("max_outputs is not between 1 and max_rows");
  if (program_.arena_bytes() > limits::kArenaBytes) return corrupt("the arena is implausibly large");
  if (program_.block_bytes() > limits::kBlockBytes || program_.block_bytes() % kBufferAlignment != 0)
    return corrupt("block_bytes is implausibly large or not a multiple of 64");
  if (program_.fixed_bytes() > limits::kBlockBytes || program_.fixed_bytes() % kBufferAlignment != 0)
    return corrupt("fixed_bytes is implausibly large or not a multiple of 64");
  if (program_.kernels()->size() > limits::kKernels) return corrupt("too many kernels");
  if (program_.states()->size() > limits::kStates) return corrupt("too many states");
  if (program_.entries()->size() == 0 || program_.entries()->size() > limits::kEntries)
    return corrupt("no entry point, or too many");
  if (program_.variants()->size() == 0 || program_.variants()->size() > limits::kVariants)
    return corrupt("no code variant, or too many");
  return {};
}

Status ProgramChecker::kernelClass(const fb::KernelClass &kernelClass) const {
  if (kernelClass.scratch_bytes() > limits::kScratchBytes) return corrupt("scratch is implausibly large");
  LATHE_TRY(grid(kernelClass.grid()));
  if (!kernelClass.join()) return {};
  if (kernelClass.scratch_bytes() == 0) return corrupt("its join has no scratch to read");
  return grid(kernelClass.join()->grid()).in("join");
}

Status ProgramChecker::grid(const flatbuffers::Vector<const fb::GridFactor *> *factors) const {
  if (!factors) return {};
  if (factors->size() > limits::kGridFactors) return corrupt("too many grid factors");
  uint64_t items = 1;
  for (const fb::GridFactor *factor : *factors) {
    if (factor->kind() > fb::GridKind::MAX) return corrupt("unknown kind of grid factor");
    if (factor->value() == 0) return corrupt("a grid factor is zero");
    // Rows bound every count: outputs, segments and sequences are never more.
    items *= factor->kind() == fb::GridKind::Constant ? factor->value() : program_.max_rows();
    if (items > limits::kWorkItems) return corrupt("implausibly many work items");
  }
  return {};
}

Status ProgramChecker::kernel(const fb::Kernel &kernel, uint32_t &nextCode) const {
  if (kernel.domain() > fb::RowDomain::MAX) return corrupt("unknown row domain");
  if (kernel.bindings() > limits::kBindings) return corrupt("too many bindings");
  if (kernel.classes()->size() == 0 || kernel.classes()->size() > limits::kClasses)
    return corrupt("no class, or too many");
  if (kernel.first_code() != nextCode) return corrupt("first_code does not follow the kernel before");
  nextCode += kernel.classes()->size();
  uint32_t before = 0;
  for (const fb::KernelClass *kernelClass : *kernel.classes()) {
    if (kernelClass->max_rows() <= before) return corrupt("classes are not in ascending order of max_rows");
    before = kernelClass->max_rows();
    LATHE_TRY(this->kernelClass(*kernelClass));
  }
  for (const fb::KernelClass *kernelClass : *kernel.classes())
    if (kernelClass->join() && kernelClass->join()->code() != nextCode++)
      return corrupt("the code of a join does not follow those before");
  if (before < maximum(kernel.domain()))
    return corrupt("its last class ends at " + std::to_string(before) + " rows, the program allows " +
                   std::to_string(maximum(kernel.domain())));
  return {};
}

Status ProgramChecker::states() const {
  std::vector<NamedRange> growing, fixed;
  for (const fb::State *state : *program_.states()) {
    if (state->kind() > fb::StateKind::MAX) return corrupt("unknown kind of state");
    bool grows = state->kind() == fb::StateKind::Growing;
    uint64_t room = grows ? program_.block_bytes() : program_.fixed_bytes();
    if (state->bytes() == 0 || state->offset() % kBufferAlignment != 0 ||
        !fits(state->offset(), state->bytes(), room))
      return corrupt("state '" + state->name()->str() + "' is empty, misaligned or outside its block");
    (grows ? growing : fixed)
        .push_back({state->offset(), state->bytes(), "state '" + state->name()->str() + "'"});
  }
  if (growing.empty() != (program_.block_bytes() == 0)) return corrupt("block_bytes does not fit the states");
  if (fixed.empty() != (program_.fixed_bytes() == 0)) return corrupt("fixed_bytes does not fit the states");
  LATHE_TRY(checkDisjoint(growing));
  return checkDisjoint(fixed);
}

Status ProgramChecker::binding(const fb::Binding &binding) const {
  uint64_t value = binding.value();
  switch (binding.kind()) {
  case fb::BindingKind::Arena:
    // How far a kernel reads from here is its own affair; where it starts must be inside.
    if (value >= program_.arena_bytes() || value % 4 != 0)
      return corrupt("an arena slice is outside or misaligned");
    return {};
  case fb::BindingKind::Weight:
    return value < header_.weights()->size() ? Status() : corrupt("no weight " + std::to_string(value));
  case fb::BindingKind::Growing:
  case fb::BindingKind::Fixed: {
    auto kind = binding.kind() == fb::BindingKind::Growing ? fb::StateKind::Growing : fb::StateKind::Fixed;
    if (value >= program_.states()->size()) return corrupt("no state " + std::to_string(value));
    if (program_.states()->Get(static_cast<uint32_t>(value))->kind() != kind)
      return corrupt("state " + std::to_string(value) + " is of the other kind");
    return {};
  }
  }
  return corrupt("unknown kind of binding");
}

Status ProgramChecker::dispatch(const fb::Dispatch &dispatch) const {
  if (dispatch.kernel() >= program_.kernels()->size())
    return corrupt("no kernel " + std::to_string(dispatch.kernel()));
  const fb::Kernel *kernel = program_.kernels()->Get(dispatch.kernel());
  if (dispatch.bindings()->size() != kernel->bindings())
    return corrupt("kernel '" + kernel->name()->str() + "' takes " + std::to_string(kernel->bindings()) +
                   " operands, not " + std::to_string(dispatch.bindings()->size()));
  if (!isAligned(*dispatch.bindings())) return corrupt("its operands are misaligned");
  for (uint32_t i = 0; i < dispatch.bindings()->size(); ++i)
    LATHE_TRY(binding(*dispatch.bindings()->Get(i)).in("operand " + std::to_string(i)));
  return {};
}

/// f32 rows of the arena that the host reads.
Status ProgramChecker::rows(uint64_t offset, uint64_t columns, uint64_t stride, fb::RowDomain domain) const {
  if (columns == 0 || columns > 2 * uint64_t(limits::kVocabulary) || stride < columns ||
      stride > 2 * uint64_t(limits::kVocabulary))
    return corrupt("its columns or its stride are out of range");
  // The last row may end at its last column.
  uint64_t bytes = ((maximum(domain) - 1) * stride + columns) * sizeof(float);
  if (offset % kBufferAlignment != 0 || !fits(offset, bytes, program_.arena_bytes()))
    return corrupt("it is misaligned or outside the arena");
  return {};
}

Status ProgramChecker::result(const fb::Entry &entry) const {
  if (entry.result_domain() > fb::RowDomain::MAX) return corrupt("unknown row domain");
  LATHE_TRY(rows(entry.result_offset(), entry.result_columns(), entry.result_stride(), entry.result_domain())
                .in("result"));
  bool isStep = entry.name()->str() == "step", isDraw = entry.name()->str() == "draw";
  if ((isStep || isDraw) && entry.result_domain() != fb::RowDomain::Outputs)
    return corrupt("its result is not per output row");
  if (isStep && entry.result_columns() != header_.vocabulary())
    return corrupt("its result is not one logit per token of the vocabulary");
  if ((entry.source_columns() != 0) != isDraw)
    return corrupt(isDraw ? "its result has no source" : "its result has a source, which only draws have");
  if (!isDraw) return {};
  if (entry.result_columns() < 5 || entry.result_columns() % 2 == 0)
    return corrupt("its result is no list of candidates");
  if (entry.source_columns() != header_.vocabulary())
    return corrupt("its source is not one logit per token of the vocabulary");
  return rows(entry.source_offset(), entry.source_columns(), entry.source_stride(), entry.result_domain())
      .in("source");
}

Status ProgramChecker::entry(const fb::Entry &entry) const {
  if (entry.dispatches()->size() == 0 || entry.dispatches()->size() > limits::kDispatches)
    return corrupt("no dispatch, or too many");
  for (uint32_t i = 0; i < entry.dispatches()->size(); ++i)
    LATHE_TRY(dispatch(*entry.dispatches()->Get(i)).in("dispatches[" + std::to_string(i) + "]"));
  return result(entry);
}

Status ProgramChecker::variant(const fb::Variant &variant, uint32_t codes, uint64_t fileBytes) const {
  if (variant.features()->size() > limits::kFeatures) return corrupt("too many features");
  if (variant.bytes() == 0 || variant.offset() % kSectionAlignment != 0 ||
      !fits(variant.offset(), variant.bytes(), fileBytes))
    return corrupt("its code is empty, misaligned or outside the file");
  if (variant.entries()->size() != codes)
    return corrupt("it has " + std::to_string(variant.entries()->size()) +
                   " code entries, the kernels need " + std::to_string(codes));
  if (!isAligned(*variant.entries())) return corrupt("its code entries are misaligned");
  for (uint64_t offset : *variant.entries())
    if (offset >= variant.bytes()) return corrupt("a code entry lies outside the image");
  return {};
}

template <typename Table> std::string place(const char *list, uint32_t index, const Table &table) {
  return std::string(list) + "[" + std::to_string(index) + "] '" + table.name()->str() + "'";
}

} // namespace

Status checkDisjoint(std::vector<NamedRange> &ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const NamedRange &a, const NamedRange &b) { return a.offset < b.offset; });
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].offset - ranges[i - 1].offset < ranges[i - 1].bytes)
      return corrupt(ranges[i - 1].name + " and " + ranges[i].name + " overlap");
  return {};
}

Status checkProgram(const fb::Program &program, const fb::Header &header, uint64_t fileBytes,
                    std::vector<NamedRange> &sections) {
  ProgramChecker checker(program, header);
  LATHE_TRY(checker.sizes());
  uint32_t codes = 0;
  for (uint32_t i = 0; i < program.kernels()->size(); ++i) {
    const fb::Kernel &kernel = *program.kernels()->Get(i);
    LATHE_TRY(checker.kernel(kernel, codes).in(place("kernels", i, kernel)));
  }
  LATHE_TRY(checker.states());
  std::set<std::string> names;
  for (uint32_t i = 0; i < program.entries()->size(); ++i) {
    const fb::Entry &entry = *program.entries()->Get(i);
    if (!names.insert(entry.name()->str()).second)
      return corrupt("two entries '" + entry.name()->str() + "'");
    LATHE_TRY(checker.entry(entry).in(place("entries", i, entry)));
  }
  names.clear();
  for (uint32_t i = 0; i < program.variants()->size(); ++i) {
    const fb::Variant &variant = *program.variants()->Get(i);
    if (!names.insert(variant.name()->str()).second)
      return corrupt("two variants '" + variant.name()->str() + "'");
    LATHE_TRY(checker.variant(variant, codes, fileBytes).in(place("variants", i, variant)));
    sections.push_back({variant.offset(), variant.bytes(), "the code of '" + variant.name()->str() + "'"});
  }
  return checkTarget(program);
}

} // namespace lathe
