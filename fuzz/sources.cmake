# fuzz_sources: the fuzzers that can be built here. fuzz_name(SOURCE VARIABLE) gives the name of one.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_fuzz.cc)

function(fuzz_name source variable)
  cmake_path(GET source STEM name)
  string(REGEX REPLACE "_fuzz$" "" name ${name})
  set(${variable} ${name} PARENT_SCOPE)
endfunction()

# llhttp, as the sources that Debian's package node-llhttp installs; without them there is nothing to compare with.
find_path(LLHTTP_INCLUDE_DIR llhttp/llhttp.h PATHS /usr/share/include)
find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp)
mark_as_advanced(LLHTTP_INCLUDE_DIR LLHTTP_SOURCE_DIR)
if(NOT LLHTTP_INCLUDE_DIR OR NOT LLHTTP_SOURCE_DIR)
  message(STATUS "llhttp not found (Debian: node-llhttp): no comparison with it")
  list(FILTER fuzz_sources EXCLUDE REGEX "llhttp_diff_fuzz\\.cc$")
elseif(NOT TARGET llhttp)
  add_library(llhttp STATIC EXCLUDE_FROM_ALL ${LLHTTP_SOURCE_DIR}/llhttp.c ${LLHTTP_SOURCE_DIR}/api.c
                                             ${LLHTTP_SOURCE_DIR}/http.c)
  target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR} PRIVATE ${LLHTTP_INCLUDE_DIR}/llhttp)
  # Without strict mode it takes line ends and characters that nobody should.
  target_compile_definitions(llhttp PRIVATE LLHTTP_STRICT_MODE=1)
  # Somebody else's code: neither our warnings nor the check of function types that its callbacks fail.
  target_compile_options(llhttp PRIVATE -w)
endif()
