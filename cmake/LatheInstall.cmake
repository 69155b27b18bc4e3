# The runtime as others use it: a shared and a static library, and a package for find_package(Lathe).
# The compiler is not installed: it is used from its build folder.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

block() # keeps the names below to this file

# Everything below the C interface, in one archive.
set(parts LatheSupport LatheTokenizer LatheArtifact LatheRuntime LatheRuntimeText)
foreach(part IN LISTS parts)
  list(APPEND objects $<TARGET_OBJECTS:${part}>)
endforeach()
add_library(lathe-runtime-static STATIC ${objects})
set_target_properties(lathe-runtime-static PROPERTIES OUTPUT_NAME lathe-runtime LINKER_LANGUAGE CXX)

# Only the C interface leaves the shared library; the version script hides templates of the C++ library, too.
add_library(lathe-runtime SHARED ${objects})
# The objects are in already; this brings in what they link.
target_link_libraries(lathe-runtime PRIVATE LatheRuntimeText)
target_link_options(lathe-runtime PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/lib/Runtime/exports.map)
set_target_properties(lathe-runtime PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE CXX
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/lib/Runtime/exports.map)

install(TARGETS lathe-runtime lathe-runtime-static
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/include/lathe/runtime.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lathe COMPONENT runtime)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Lathe)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/LatheConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/LatheConfig.cmake INSTALL_DESTINATION ${package}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/LatheConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/LatheConfig.cmake ${PROJECT_BINARY_DIR}/cmake/LatheConfigVersion.cmake
  DESTINATION ${package} COMPONENT runtime)

endblock()
