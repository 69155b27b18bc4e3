# LLVM and MLIR 22, and the helpers for targets that use them.

list(APPEND CMAKE_PREFIX_PATH /usr/lib/llvm-22)
find_package(MLIR REQUIRED CONFIG)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "Lathe is written for LLVM 22; found ${LLVM_PACKAGE_VERSION}. Run scripts/install-deps.sh")
endif()
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
# TableGen reads its include path from the directory property.
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories(${PROJECT_SOURCE_DIR}/dialects ${PROJECT_BINARY_DIR}/dialects)

add_library(lathe_mlir_options INTERFACE)
target_link_libraries(lathe_mlir_options INTERFACE lathe_options)
target_include_directories(lathe_mlir_options SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(lathe_mlir_options INTERFACE
  ${PROJECT_SOURCE_DIR}/dialects ${PROJECT_BINARY_DIR}/dialects
  ${PROJECT_SOURCE_DIR}/passes ${PROJECT_BINARY_DIR}/passes)
target_compile_definitions(lathe_mlir_options INTERFACE ${LLVM_DEFINITIONS_LIST})
target_compile_options(lathe_mlir_options INTERFACE -fno-rtti -O1)
target_link_libraries(lathe_mlir_options INTERFACE MLIR LLVM)

# A library that sees MLIR; all of them share one precompiled header, since MLIR's headers are most of a build.
#   lathe_add_mlir_library(Name SOURCES a.cpp DEPENDS GeneratedTarget LINK Other ...)
function(lathe_add_mlir_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC lathe_mlir_options ${arg_LINK})
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
  target_precompile_headers(${name} REUSE_FROM LatheMLIRHeaders)
endfunction()

add_library(LatheMLIRHeaders STATIC ${PROJECT_SOURCE_DIR}/cmake/PrecompiledMLIR.cpp)
target_link_libraries(LatheMLIRHeaders PUBLIC lathe_mlir_options)
target_precompile_headers(LatheMLIRHeaders PRIVATE ${PROJECT_SOURCE_DIR}/cmake/PrecompiledMLIR.h)

# A program that sees MLIR.
#   lathe_add_mlir_tool(name SOURCES a.cpp LINK Other ...)
function(lathe_add_mlir_tool name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE lathe_mlir_options ${arg_LINK})
  # As the precompiled header was built: -fPIC, where CMake gives programs -fPIE.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM LatheMLIRHeaders)
endfunction()
