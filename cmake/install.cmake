# What `cmake --install` puts where: public headers, the library, and what find_package and pkg-config read. All of it
# may be moved to another place as a whole.
include(CMakePackageConfigHelpers)

set(bao_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/bao)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/bao DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(TARGETS bao EXPORT baoTargets)
install(EXPORT baoTargets NAMESPACE bao:: DESTINATION ${bao_package_dir})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/baoConfig.cmake.in ${PROJECT_BINARY_DIR}/baoConfig.cmake
  INSTALL_DESTINATION ${bao_package_dir})
# Before 1.0 every minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/baoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/baoConfig.cmake ${PROJECT_BINARY_DIR}/baoConfigVersion.cmake
  DESTINATION ${bao_package_dir})

# An archive does not say what it needs, so whoever links it must be told; a shared library says it itself.
get_target_property(bao_type bao TYPE)
set(bao_needs "-lssl -lcrypto -lz -lcurl -lbrotlienc -lbrotlicommon -lzstd -lbacktrace -pthread")
foreach(library ${CMAKE_DL_LIBS})
  string(APPEND bao_needs " -l${library}")
endforeach()
if(bao_type STREQUAL "STATIC_LIBRARY")
  set(BAO_PC_LIBS " ${bao_needs}")
  set(BAO_PC_LIBS_PRIVATE "")
else()
  set(BAO_PC_LIBS "")
  set(BAO_PC_LIBS_PRIVATE " ${bao_needs}")
endif()
# The prefix as seen from the folder of bao.pc.
file(RELATIVE_PATH BAO_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" BAO_PC_PREFIX "${BAO_PC_PREFIX}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/bao.pc.in ${PROJECT_BINARY_DIR}/bao.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/bao.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
