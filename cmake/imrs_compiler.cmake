# Warnings, hardening, sanitizers and ccache, the same for every target.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(imrs_options INTERFACE)
target_compile_options(imrs_options INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror -fno-omit-frame-pointer)

if(IMRS_SANITIZE)
  target_compile_options(imrs_options INTERFACE
    -fsanitize=${IMRS_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(imrs_options INTERFACE -fsanitize=${IMRS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # What the sanitizers add makes g++ 12 suspect <regex>, and the frames of Asio's coroutines; the other
    # presets keep the warnings.
    target_compile_options(imrs_options INTERFACE -Wno-maybe-uninitialized -Wno-mismatched-new-delete)
  endif()
  target_compile_definitions(imrs_options INTERFACE IMRS_SANITIZED=1)
  if(IMRS_SANITIZE MATCHES thread)
    # Asio's headers have fences, which ThreadSanitizer does not follow; what uses Asio here has one thread.
    target_compile_options(imrs_options INTERFACE -Wno-tsan)
  endif()
else()
  target_compile_options(imrs_options INTERFACE
    -fstack-protector-strong $<$<CONFIG:RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
  target_link_options(imrs_options INTERFACE LINKER:-z,relro,-z,now)
endif()

if(IMRS_FUZZ)
  target_compile_options(imrs_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
