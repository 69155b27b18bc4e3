// Kernels as PTX, for every CUDA variant: what the text holds, and what ptxas makes of it where there is one.
#include "Codegen/GPU/EmitKernels.h"
#include "Codegen/GPU/KernelFamilies.h"
#include "Codegen/GPU/ToPtx.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include "llvm/Support/Program.h"

#include "gtest/gtest.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>

using namespace lathe;
using namespace mlir;

namespace {

/// The kernels of an exec.program, each compiled by itself and joined, as for an artifact.
class PtxProgram {
public:
  explicit PtxProgram(const std::string &body) {
    module_ = parseSourceString<ModuleOp>(
        "exec.program @p for \"cuda\" attributes {max_rows = 512 : i64, max_outputs = 16 : i64} {" + body +
            "}",
        &context_);
  }

  std::string compile(const GpuVariant &variant) {
    if (!module_) return fail(variant);
    exec::ProgramOp program = *module_->getOps<exec::ProgramOp>().begin();
    auto planned = planKernels(program, gpuKernelFamilies());
    if (failed(planned)) return fail(variant);
    std::vector<std::string> texts;
    for (auto [kernel, plan] : llvm::zip(program.getBody().front().getOps<exec::KernelOp>(), *planned))
      for (const KernelFunction &part : plan.functions()) {
        OpBuilder builder(&context_);
        OwningOpRef<ModuleOp> holder = ModuleOp::create(builder, builder.getUnknownLoc());
        holder.get()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), builder.getUnitAttr());
        builder.setInsertionPointToStart(holder->getBody());
        auto unit = gpu::GPUModuleOp::create(builder, builder.getUnknownLoc(), "kernels");
        if (failed(emitGpuKernel(unit, kernel, plan, part, variant)) || failed(verify(*holder)))
          return fail(variant);
        auto text = compilePtx(unit, variant);
        if (failed(text)) return fail(variant);
        texts.push_back(*text);
      }
    return joinPtx(texts);
  }

private:
  std::string fail(const GpuVariant &variant) {
    ADD_FAILURE() << "no PTX for " << variant.name.str();
    return "";
  }

  struct Context : MLIRContext {
    Context() {
      loadDialect<LatheDialect, exec::ExecDialect>();
      loadGpuDialects(*this);
    }
  } context_;
  OwningOpRef<ModuleOp> module_;
};

/// ptxas on the PATH or where CUDA puts it; empty where there is none.
std::string findPtxas() {
  if (auto found = llvm::sys::findProgramByName("ptxas")) return *found;
  const char *usual = "/usr/local/cuda/bin/ptxas";
  return std::filesystem::exists(usual) ? usual : "";
}

/// The architectures that a device may have that takes a variant.
std::vector<const char *> architecturesOf(llvm::StringRef variant) {
  if (variant == "sm_75") return {"sm_75"};
  if (variant == "sm_80") return {"sm_80", "sm_86", "sm_89"};
  if (variant == "sm_90a") return {"sm_90a"};
  return {"sm_100", "sm_120"};
}

struct Assembled {
  bool ok = false;
  std::string report; ///< with the resources of each kernel
};

Assembled assemble(const std::string &ptxas, const std::string &ptx, const std::string &architecture) {
  auto path = std::filesystem::temp_directory_path() / ("lathe-" + std::to_string(getpid()) + ".ptx");
  std::ofstream(path) << ptx;
  std::string command = ptxas + " -v -arch=" + architecture + " -o /dev/null " + path.string() + " 2>&1";
  Assembled result;
  FILE *pipe = popen(command.c_str(), "r");
  char piece[4096];
  while (size_t count = fread(piece, 1, sizeof piece, pipe)) result.report.append(piece, count);
  result.ok = pclose(pipe) == 0;
  std::filesystem::remove(path);
  return result;
}

/// Whether a kernel keeps values in local memory. ptxas puts a few bytes there of its own accord: a
/// convergence barrier of nested loops, or what would cost a multiprocessor its second group. That much
/// passes.
bool spills(const std::string &report) {
  const std::regex spilled("([0-9]+) bytes spill stores");
  for (std::sregex_iterator found(report.begin(), report.end(), spilled), end; found != end; ++found)
    if (std::stoi((*found)[1]) > 32) return true;
  return false;
}

/// Whether each kernel of `program` assembles without spills for each device that it may be taken on, or for
/// the first such of each variant.
void checkAssembles(PtxProgram &program, bool everywhere = false) {
  std::string ptxas = findPtxas();
  for (const GpuVariant &variant : gpuVariants(GpuTarget::Cuda)) {
    std::string ptx = program.compile(variant);
    EXPECT_EQ(ptx.find(".extern"), std::string::npos) << ptx;
    if (ptxas.empty()) continue;
    for (const char *architecture : architecturesOf(variant.name)) {
      Assembled result = assemble(ptxas, ptx, architecture);
      EXPECT_TRUE(result.ok && !spills(result.report)) << variant.name.str() << " on " << architecture << "\n"
                                                       << result.report;
      if (!everywhere) break;
    }
  }
  if (ptxas.empty()) GTEST_SKIP() << "PTX was generated, but there is no ptxas to assemble it";
}

size_t count(const std::string &text, const std::string &what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

const GpuVariant &variant(const char *name) { return *findGpuVariant(name); }

const char kNorm[] = R"(
  exec.kernel @norm over rows slices [!exec.slice<rows by 256 of f32, stride 1024>, unit,
      !exec.slice<rows by 256 of f32, stride 1024>] states {} {
  ^bb0(%x: tensor<?x256xf32>, %w: !lathe.weight<256xf32>):
    %n = lathe.rms_norm %x, %w epsilon 1.0e-5 : tensor<?x256xf32>, !lathe.weight<256xf32>
    lathe.yield %n : tensor<?x256xf32>
  }
  exec.kernel @silu over rows slices [!exec.slice<rows by 256 of f32, stride 1024>,
      !exec.slice<rows by 256 of f32, stride 1024>] states {} {
  ^bb0(%x: tensor<?x256xf32>):
    %y = lathe.activation silu %x : tensor<?x256xf32>
    lathe.yield %y : tensor<?x256xf32>
  })";

const char kSequences[] = R"(
  exec.kernel @quantize over outputs slices [!exec.slice<rows by 56 of f32, stride 224>, unit,
      !exec.slice<outputs by 56 of i8, stride 192, group 32>] states {} {
  ^bb0(%x: tensor<?x56xf32>, %b: !lathe.batch):
    %o = lathe.select_outputs %x, %b : tensor<?x56xf32>
    %q = lathe.quantize_rows %o : tensor<?x56xf32> -> tensor<?x56xi8, #lathe.quantized_rows<32>>
    lathe.yield %q : tensor<?x56xi8, #lathe.quantized_rows<32>>
  }
  exec.kernel @table over rows slices [unit, !exec.slice<rows by 8 of f32, stride 32>] states {} {
  ^bb0(%b: !lathe.batch):
    %p = lathe.positions %b : tensor<?xi32>
    %t = lathe.rope_table %p {frequencies = array<f32: 1.0, 0.1, 0.01, 0.001>} : tensor<?xi32> -> tensor<?x8xf32>
    lathe.yield %t : tensor<?x8xf32>
  }
  exec.kernel @pool over sequences slices [!exec.slice<rows by 48 of f32, stride 192>, unit,
      !exec.slice<sequences by 48 of f32, stride 192>] states {} {
  ^bb0(%x: tensor<?x48xf32>, %b: !lathe.batch):
    %p = lathe.pool mean %x, %b : tensor<?x48xf32>
    %n = lathe.l2_normalize %p epsilon 1.0e-12 : tensor<?x48xf32>
    lathe.yield %n : tensor<?x48xf32>
  }
  exec.kernel @scan over rows slices [!exec.slice<rows by 64 of f32, stride 256>,
      !exec.slice<rows by 64 of f32, stride 256>, unit, unit, !exec.slice<rows by 64 of f32, stride 256>] states {s = 3 : i64} {
  ^bb0(%x: tensor<?x64xf32>, %g: tensor<?x64xf32>, %b: !lathe.batch, %s: !lathe.state<fixed 64xf32>):
    %y = lathe.decay_scan %x, %g, %b in @s : tensor<?x64xf32>
    lathe.yield %y : tensor<?x64xf32>
  }
)";

TEST(Ptx, SharedFamiliesAssembleEverywhere) {
  PtxProgram program(std::string(kNorm) + kSequences);
  checkAssembles(program, /*everywhere=*/true);
}

TEST(Ptx, OneHeaderForAllKernels) {
  std::string ptx = PtxProgram(kNorm).compile(variant("sm_80"));
  EXPECT_EQ(count(ptx, ".version"), 1u);
  EXPECT_EQ(count(ptx, ".target sm_80"), 1u);
  EXPECT_EQ(count(ptx, ".visible .entry k0("), 1u);
  EXPECT_EQ(count(ptx, ".visible .entry k1("), 1u);
  EXPECT_EQ(count(ptx, ".maxntid 64, 1, 1"), 2u) << ptx;
}

TEST(Ptx, OneAccessReadsFourNumbers) {
  std::string ptx = PtxProgram(kNorm).compile(variant("sm_80"));
  // The weight through the read-only cache, the rows not: another kernel's launch writes them.
  EXPECT_GE(count(ptx, "ld.global.nc.v4.b32"), 1u) << ptx;
  EXPECT_GE(count(ptx, "ld.global.v4.b32"), 1u) << ptx;
  EXPECT_GE(count(ptx, "st.global.v4.b32"), 2u) << ptx;
}

TEST(Ptx, ProductsAndSumsAreFusedWhereTheProgramSaysSo) {
  std::string ptx = PtxProgram(kNorm).compile(variant("sm_80"));
  // Without a rounding in its name, ptxas may fuse a product with the sum that takes it.
  EXPECT_EQ(count(ptx, "mul.f32"), 0u) << ptx;
  EXPECT_EQ(count(ptx, "add.f32"), 0u) << ptx;
  EXPECT_EQ(count(ptx, ".approx"), 0u) << ptx;
  EXPECT_EQ(count(ptx, ".ftz"), 0u) << ptx;
  EXPECT_GE(count(ptx, "fma.rn.f32"), 1u) << ptx;
}

/// y = x . W^T on rows of int8 in groups, or on floats.
std::string linear(const std::string &weight, bool integer, int64_t group = 32) {
  std::string n = "256", k = "256", g = std::to_string(group);
  std::string input = "tensor<?x" + k + (integer ? "xi8, #lathe.quantized_rows<" + g + ">>" : "xf32>");
  int64_t packed = exec::SliceType::packedStride(256, {}, group);
  std::string slice =
      integer ? " of i8, stride " + std::to_string(packed) + ", group " + g + ">" : " of f32, stride 1024>";
  return "exec.kernel @k over rows slices [!exec.slice<rows by " + k + slice +
         ", unit, !exec.slice<rows by " + n + " of f32, stride 1024>] states {} {\n^bb0(%x: " + input +
         ", %w: " + weight + "):\n%y = lathe.linear %x, [%w] : " + input + ", [" + weight + "] -> tensor<?x" +
         n + "xf32>\nlathe.yield %y : tensor<?x" + n + "xf32>\n}";
}

std::string weight(const std::string &encoding) {
  return "!lathe.weight<256x256x" + encoding + ", panel 64>";
}

/// The text of function `name`.
std::string functionOf(const std::string &ptx, const std::string &name) {
  size_t begin = ptx.find(".entry " + name + "(");
  return begin == std::string::npos ? "" : ptx.substr(begin, ptx.find("\n}", begin) - begin);
}

TEST(Ptx, ProductsReadWeightsSixteenBytesAtATime) {
  for (const char *encoding : {"bf16", "<si8, block 1x32, scale <f16>>", "<si4, block 1x32, scale <f16>>"}) {
    PtxProgram program(linear(weight(encoding), false));
    checkAssembles(program);
    std::string ptx = functionOf(program.compile(variant("sm_80")), "k0");
    EXPECT_GE(count(ptx, "ld.global.nc.v4."), 1u) << encoding << "\n" << ptx;
  }
}

TEST(Ptx, ProductsOfBytesAreDp4a) {
  for (const char *encoding :
       {"<si8, block 1x32, scale <f16>>", "<ui4, block 1x32, scale <f16>, offset <f16>>"}) {
    PtxProgram program(linear(weight(encoding), true));
    checkAssembles(program);
    std::string ptx = functionOf(program.compile(variant("sm_75")), "k0");
    EXPECT_GE(count(ptx, "dp4a.u32.s32"), 1u) << encoding << "\n" << ptx;
    EXPECT_GE(count(ptx, "ld.global.nc.v4."), 1u) << encoding << "\n" << ptx;
  }
}

/// y = x . W^T on rows of bf16 or f16.
std::string halvesLinear(const std::string &encoding, const std::string &type, int64_t columns = 256) {
  std::string k = std::to_string(columns), x = "tensor<?x" + k + "x" + type + ">",
              w = "!lathe.weight<128x" + k + "x" + encoding + ", panel 64>", y = "tensor<?x128xf32>";
  return "exec.kernel @k over rows slices [!exec.slice<rows by " + k + " of " + type + ", stride " +
         std::to_string(columns * 2) +
         ">, unit, !exec.slice<rows by 128 of f32, stride 512>] states {} {\n^bb0(%x: " + x + ", %w: " + w +
         "):\n%y = lathe.linear %x, [%w] : " + x + ", [" + w + "] -> " + y + "\nlathe.yield %y : " + y +
         "\n}";
}

/// How often `kernel` multiplies tiles, in its class of many rows.
size_t tileProducts(const std::string &kernel, const char *variantName,
                    const std::string &what = "mma.sync.aligned.") {
  return count(functionOf(PtxProgram(kernel).compile(variant(variantName)), "k2"), what);
}

TEST(Ptx, MatrixUnitsMultiplyManyRows) {
  const std::string bytes = "m16n8k32.row.col.s32.s8.u8.s32", bf16 = "m16n8k16.row.col.f32.bf16.bf16.f32",
                    f16 = "m16n8k16.row.col.f32.f16.f16.f32";
  const std::string groupBytes = "m64n64k32.s32.s8.s8", groupBf16 = "m64n64k16.f32.bf16.bf16",
                    groupF16 = "m64n64k16.f32.f16.f16";
  struct Case {
    std::string kernel, form, groupForm;
  };
  const Case cases[] = {
      {linear(weight("<si4, block 1x32, scale <f16>>"), true), bytes, groupBytes},
      {linear(weight("<si8, block 1x0, scale <f32>>"), true), bytes, groupBytes},
      {linear(weight("<ui4, block 1x32, scale <f16>, offset <f16>>"), true), bytes, groupBytes},
      {halvesLinear("bf16", "bf16"), bf16, groupBf16},
      {halvesLinear("<si4, block 1x32, scale <f16>>", "bf16"), bf16, groupBf16},
      {halvesLinear("<ui4, block 1x32, scale <f16>, offset <f16>>", "bf16", 304), bf16, groupBf16},
      {halvesLinear("f8E4M3FN", "bf16"), bf16, groupBf16},
      {halvesLinear("f16", "f16"), f16, groupF16},
  };
  for (const Case &c : cases) {
    for (const char *name : {"sm_80", "sm_100"}) {
      EXPECT_GE(tileProducts(c.kernel, name, "mma.sync.aligned." + c.form), 16u) << name << "\n" << c.kernel;
      EXPECT_GE(tileProducts(c.kernel, name, "ldmatrix.sync.aligned.m8n8.x4.shared.b16"), 2u) << name;
    }
    EXPECT_GE(tileProducts(c.kernel, "sm_90a", "wgmma.mma_async.sync.aligned." + c.groupForm), 4u)
        << c.kernel;
    EXPECT_GE(tileProducts(c.kernel, "sm_90a", "fence.proxy.async.shared::cta;"), 2u) << c.kernel;
    for (const char *name : {"sm_80", "sm_90a", "sm_100"})
      EXPECT_GE(tileProducts(c.kernel, name, "cp.async.cg.shared.global"), 2u) << name;
    EXPECT_EQ(tileProducts(c.kernel, "sm_75"), 0u) << c.kernel;
    PtxProgram program(c.kernel);
    checkAssembles(program);
  }
}

TEST(Ptx, OtherProductsAreNotThoseOfMatrixUnits) {
  const std::string kernels[] = {
      linear(weight("<si4, block 1x32, scale <f16>>"), false),    // rows of f32
      linear(weight("<si8, block 1x16, scale <f16>>"), true, 16), // parts of half a tile
      halvesLinear("f16", "bf16"),                                // f16 is finer than bf16
      halvesLinear("<ui2, table [-1.0, -0.3, 0.3, 1.0], block 1x32, scale <f16>>", "bf16"),
      halvesLinear("<si8, block 1x24, scale <f32>>", "bf16", 240), // blocks that cut tiles
      halvesLinear("bf16", "bf16", 255),                           // rows at odd places
  };
  for (const std::string &kernel : kernels) {
    EXPECT_EQ(tileProducts(kernel, "sm_100"), 0u) << kernel;
    EXPECT_EQ(tileProducts(kernel, "sm_90a", "mma"), 0u) << kernel;
  }
}

TEST(Ptx, TwoWeightsOnMatrixUnitsStayInRegisters) {
  for (const char *encoding :
       {"<si4, block 1x32, scale <f16>>", "<ui4, block 1x32, scale <f16>, offset <f16>>"}) {
    std::string w = weight(encoding), x = "tensor<?x256xi8, #lathe.quantized_rows<32>>",
                y = "tensor<?x256xf32>", stride = std::to_string(exec::SliceType::packedStride(256, {}, 32));
    PtxProgram program(
        "exec.kernel @k over rows slices [!exec.slice<rows by 256 of i8, stride " + stride +
        ", group 32>, unit, unit, !exec.slice<rows by 256 of f32, stride 1024>] states {} {\n^bb0(%x: " + x +
        ", %a: " + w + ", %b: " + w + "):\n%p, %u = lathe.linear %x, [%a, %b] : " + x + ", [" + w + ", " + w +
        "] -> " + y + ", " + y + "\n%s = lathe.activation silu %p : " + y + "\n%m = lathe.mul %s, %u : " + y +
        "\nlathe.yield %m : " + y + "\n}");
    EXPECT_GE(count(program.compile(variant("sm_80")), "mma.sync"), 32u);
    checkAssembles(program, /*everywhere=*/true);
  }
}

TEST(Ptx, AttentionReadsKeysSixteenBytesAtATime) {
  for (const char *type : {"bf16", "f32"}) {
    PtxProgram program(R"(
      exec.kernel @attend over rows slices [!exec.slice<rows by 512 of f32, stride 2048>, unit, unit,
          !exec.slice<rows by 512 of f32, stride 2048>] states {s = 1 : i64} {
      ^bb0(%q: tensor<?x512xf32>, %s: !lathe.state<growing 2x2x64x)" +
                       std::string(type) + R"(>, %b: !lathe.batch):
        %a = lathe.attention %q, %b from @s heads 8 over 2 scale 0.125 causal : tensor<?x512xf32> -> tensor<?x512xf32>
        lathe.yield %a : tensor<?x512xf32>
      })");
    checkAssembles(program);
    std::string ptx = functionOf(program.compile(variant("sm_80")), "k0");
    EXPECT_GE(count(ptx, "ld.global.v4."), 1u) << type << "\n" << ptx;
  }
}

// A slice and the join keep their values in registers.
TEST(Ptx, TheLikeliestOfALargeVocabulary) {
  for (const char *columns : {"128256", "262144"}) {
    std::string n = columns, stride = std::to_string(4 * std::stoi(n));
    PtxProgram program(
        "exec.kernel @top over outputs slices [!exec.slice<outputs by " + n + " of f32, stride " + stride +
        ">, unit, !exec.slice<outputs by 515 of f32, stride 2060>] states {} {\n^bb0(%x: tensor<?x" + n +
        "xf32>, %b: !lathe.batch):\n %t = lathe.top_logits %x, %b count 256 : tensor<?x" + n +
        "xf32> -> tensor<?x515xf32>\n lathe.yield %t : tensor<?x515xf32>\n}");
    checkAssembles(program);
    std::string ptx = functionOf(program.compile(variant("sm_80")), "k0");
    EXPECT_EQ(count(ptx, "ld.global.v4.b32"), 4u) << ptx;
    EXPECT_EQ(count(ptx, "atom."), 0u) << ptx;
  }
}

TEST(Ptx, SharedMemoryIsAlignedAsItIsAccessed) {
  std::string ptx = PtxProgram(kNorm).compile(variant("sm_80"));
  EXPECT_EQ(count(ptx, ".shared .align "), 1u) << ptx;
  EXPECT_EQ(count(ptx, ".shared .align 16 "), 1u) << ptx;
}

/// A function in a gpu.module, from its body.
struct OneFunction {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string error;

  explicit OneFunction(const std::string &body) {
    loadGpuDialects(context);
    module = parseSourceString<ModuleOp>("module attributes {gpu.container_module} { gpu.module @m { "
                                         "gpu.func @k0(%p: !llvm.ptr<1>) kernel {\n" +
                                             body + "\n gpu.return } } }",
                                         &context);
  }
  llvm::FailureOr<std::string> compile() {
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) { error = diagnostic.str(); });
    return compilePtx(*module->getOps<gpu::GPUModuleOp>().begin(), variant("sm_80"));
  }
};

TEST(Ptx, FunctionsOfALibraryAreErrors) {
  OneFunction power("%x = llvm.load %p : !llvm.ptr<1> -> f32\n %y = math.powf %x, %x : f32\n"
                    "llvm.store %y, %p : f32, !llvm.ptr<1>");
  EXPECT_TRUE(failed(power.compile()));
  EXPECT_EQ(power.error, "'math.powf' op of 'f32' has no instructions on CUDA devices");
}

TEST(Ptx, OtherArithmeticNeedsNone) {
  OneFunction root(
      "%x = llvm.load %p : !llvm.ptr<1> -> f32\n %y = math.rsqrt %x : f32\n %z = math.exp %y : f32\n"
      "llvm.store %z, %p : f32, !llvm.ptr<1>");
  auto ptx = root.compile();
  ASSERT_TRUE(succeeded(ptx)) << root.error;
  EXPECT_EQ(ptx->find("call"), std::string::npos) << *ptx;
}

} // namespace
