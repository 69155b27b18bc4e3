# lit configuration: MLIR files through the project's tools and FileCheck.
import os
import shutil

import lit.formats

config.name = "Lathe"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
build = lit_config.params.get("build", os.path.join(config.test_source_root, "..", "build"))
config.test_exec_root = os.path.join(build, "test")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), "/usr/lib/llvm-22/bin", config.environment["PATH"]])
config.environment["SHARED_DATA"] = os.path.join(config.test_source_root, "..", "..", "shared", "data")
config.excludes = ["unit", "fixtures"]
if shutil.which("spirv-val"):  # else tests that ask for it are reported as unsupported
    config.available_features.add("spirv-val")
