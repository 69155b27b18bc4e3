#include "Codegen/CPU/FlatImage.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace lathe {

using Elf = object::ELF64LEFile;

// Code first, constants behind it; whatever else an object holds is an error.
static constexpr StringLiteral kScript = R"(SECTIONS {
  . = 0;
  .image : { *(.text .text.*) . = ALIGN(64); *(.rodata .rodata.*) }
  /DISCARD/ : { *(.eh_frame .comment .note.* .llvm_addrsig) }
}
)";

static Error fail(const Twine &text) { return createStringError(inconvertibleErrorCode(), text); }

static bool isRelative(uint32_t type) {
  using namespace ELF;
  return type == R_X86_64_PC32 || type == R_X86_64_PLT32 || type == R_X86_64_PC64 || type == R_X86_64_NONE;
}

/// The relocations of sections that stay in the image.
static Error checkRelocations(ArrayRef<char> object) {
  auto file = Elf::create(StringRef(object.data(), object.size()));
  if (!file) return file.takeError();
  auto sections = file->sections();
  if (!sections) return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_RELA) continue;
    auto target = file->getSection(section.sh_info);
    if (!target) return target.takeError();
    auto name = file->getSectionName(**target);
    if (!name) return name.takeError();
    if (!((*target)->sh_flags & ELF::SHF_ALLOC) || *name == ".eh_frame") continue;
    auto relocations = file->relas(section);
    if (!relocations) return relocations.takeError();
    for (const auto &relocation : *relocations)
      if (!isRelative(relocation.getType(false)))
        return fail("relocation of type " + Twine(relocation.getType(false)) + " in " + *name +
                    " is not relative");
  }
  return Error::success();
}

/// A private folder that goes away with everything in it.
struct ScratchFolder {
  SmallString<128> path;
  std::error_code create() { return sys::fs::createUniqueDirectory("lathe-link", path); }
  std::string file(const Twine &name) const {
    SmallString<128> full(path);
    sys::path::append(full, name);
    return std::string(full);
  }
  ~ScratchFolder() {
    if (!path.empty()) sys::fs::remove_directories(path);
  }
};

static Error writeFile(const std::string &path, ArrayRef<char> bytes) {
  std::error_code code;
  raw_fd_ostream stream(path, code);
  if (!code) stream.write(bytes.data(), bytes.size());
  stream.close();
  if (!code) code = stream.error();
  stream.clear_error();
  return code ? createStringError(code, "can't write " + path) : Error::success();
}

static Error runLinker(ArrayRef<std::string> arguments) {
  // LLD keeps global state: one link at a time.
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  SmallVector<const char *> pointers;
  for (const std::string &argument : arguments) pointers.push_back(argument.c_str());
  std::string out, err;
  raw_string_ostream outStream(out), errStream(err);
  lld::Result result = lld::lldMain(pointers, outStream, errStream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0) return Error::success();
  return fail("linking kernels failed: " + StringRef(err).trim());
}

static Expected<FlatImage> readImage(StringRef elf, ArrayRef<std::string> symbols) {
  auto file = Elf::create(elf);
  if (!file) return file.takeError();
  auto sections = file->sections();
  if (!sections) return sections.takeError();
  FlatImage image;
  StringMap<uint64_t> addresses;
  for (const auto &section : *sections) {
    auto name = file->getSectionName(section);
    if (!name) return name.takeError();
    if (section.sh_type == ELF::SHT_SYMTAB) {
      auto entries = file->symbols(&section);
      auto strings = file->getStringTableForSymtab(section);
      if (!entries) return entries.takeError();
      if (!strings) return strings.takeError();
      for (const auto &symbol : *entries)
        if (auto symbolName = symbol.getName(*strings))
          addresses[*symbolName] = symbol.st_value;
        else
          return symbolName.takeError();
    }
    if (!(section.sh_flags & ELF::SHF_ALLOC) || !section.sh_size) continue;
    if (*name != ".image" || section.sh_addr != 0 || (section.sh_flags & ELF::SHF_WRITE))
      return fail("kernels need a section " + *name + ", which a read-only image can't have");
    auto bytes = file->getSectionContents(section);
    if (!bytes) return bytes.takeError();
    image.bytes.assign(bytes->begin(), bytes->end());
  }
  for (const std::string &symbol : symbols) {
    auto found = addresses.find(symbol);
    if (found == addresses.end()) return fail("the linked image lacks " + symbol);
    image.entries.push_back(found->second);
  }
  return image;
}

Expected<FlatImage> linkFlatImage(ArrayRef<ArrayRef<char>> objects, ArrayRef<std::string> symbols) {
  ScratchFolder folder;
  if (std::error_code code = folder.create())
    return createStringError(code, "can't create a temporary folder");
  std::string script = folder.file("image.ld"), output = folder.file("image.elf");
  if (Error error = writeFile(script, ArrayRef<char>(kScript.data(), kScript.size()))) return error;
  std::vector<std::string> arguments = {
      "ld.lld",          "--script=" + script, "--entry=0", "--no-undefined",
      "--build-id=none", "--threads=1",        "-o",        output};
  for (auto [index, object] : enumerate(objects)) {
    if (Error error = checkRelocations(object)) return error;
    arguments.push_back(folder.file(formatv("{0}.o", index).str()));
    if (Error error = writeFile(arguments.back(), object)) return error;
  }
  if (Error error = runLinker(arguments)) return error;
  auto buffer = MemoryBuffer::getFile(output);
  if (!buffer) return createStringError(buffer.getError(), "can't read the linked image");
  return readImage((*buffer)->getBuffer(), symbols);
}

} // namespace lathe
