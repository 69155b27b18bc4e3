# One helper per kind of target.

find_package(Threads REQUIRED)

add_library(lathe_options INTERFACE)
target_include_directories(lathe_options INTERFACE
  ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/lib)
target_compile_options(lathe_options INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
if(LATHE_SANITIZE OR LATHE_FUZZ)
  target_compile_options(lathe_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(lathe_options INTERFACE -fsanitize=address,undefined)
endif()
if(LATHE_FUZZ) # coverage feedback in every library, the fuzzer's main() only in the targets of test/fuzz
  target_compile_options(lathe_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# A plain C++ library: no LLVM, no exceptions across its interface.
#   lathe_add_library(Name SOURCES a.cpp b.cpp LINK Other ...)
function(lathe_add_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC lathe_options ${arg_LINK})
endfunction()

# A GoogleTest binary, registered with CTest test by test.
#   lathe_add_unittest(Name SOURCES a.cpp LINK LatheSupport ...)
function(lathe_add_unittest name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE lathe_options ${arg_LINK} GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    LATHE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" LATHE_SHARED_DATA="${PROJECT_SOURCE_DIR}/../shared/data")
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60)
endfunction()
