# Installs the runtime into FOLDER, finds it from there, builds the examples against it both ways, and runs one.
#   cmake -DBUILD=... -DSOURCE=... -DFOLDER=... -DCOMPILER=... -DGENERATOR=... -P InstallTest.cmake

function(must what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${what} failed (${result}):\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${FOLDER})
must("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${FOLDER}/installed --component runtime)
foreach(kind OFF ON)
  set(build ${FOLDER}/build-static-${kind})
  must("configuring the examples" ${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE}/examples -B ${build}
    -DCMAKE_PREFIX_PATH=${FOLDER}/installed -DCMAKE_C_COMPILER=${COMPILER} -DLATHE_STATIC=${kind}
    "-DCMAKE_C_FLAGS=-std=c99 -pedantic-errors -Wall -Wextra -Werror")
  must("building the examples" ${CMAKE_COMMAND} --build ${build})
  execute_process(COMMAND ${build}/generate ${SOURCE}/CMakeLists.txt "Once" RESULT_VARIABLE result ERROR_VARIABLE output)
  if(NOT result EQUAL 1 OR NOT output MATCHES "not a .lathe file")
    message(FATAL_ERROR "the example does not run (${result}): ${output}")
  endif()
endforeach()
file(REMOVE_RECURSE ${FOLDER})
