#include "Runtime/Gpu/Recordings.h"

namespace lathe::gpu {

std::vector<RecordedEntry> recordedEntries(const fb::Program &program, const OperandMemory &memory) {
  std::vector<RecordedEntry> entries;
  for (const fb::Entry *entry : *program.entries())
    entries.push_back({LaunchList(program, *entry, memory), entry->result_domain(), entry->result_offset(),
                       entry->result_columns(), entry->result_stride(), entry->source_offset(),
                       entry->source_columns(), entry->source_stride()});
  return entries;
}

uint64_t mostResultBytes(const fb::Program &program) {
  uint64_t most = 0;
  for (const fb::Entry *entry : *program.entries()) {
    bool outputs = entry->result_domain() == fb::RowDomain::Outputs;
    uint64_t rows = outputs ? program.max_outputs() : program.max_rows();
    most = std::max(most, rows * entry->result_stride() * sizeof(float));
  }
  return most;
}

} // namespace lathe::gpu
