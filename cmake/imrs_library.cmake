# imrs_library(NAME SOURCES... LINKS...), imrs_program(NAME ...), and the check that the links
# between the folders are the ones the design allows.

# Compiles the files of a target eight at a time, which halves the time that headers take. Only for what nobody
# measures: tests, and what waits for people. <alone>: files that share names with others.
function(imrs_compile_together target)
  if(NOT CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  if(ARGN)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# imrs_library(<folder target> SOURCES <files> LINKS <targets> PRIVATE_LINKS <targets>)
# LINKS are targets whose headers this folder's headers include; PRIVATE_LINKS stay inside. TOOL: only of imrsctl,
# which waits for people and disks; better compiled sooner than optimised further. ALONE: of imrs_compile_together.
function(imrs_library name)
  cmake_parse_arguments(ARG "TOOL" "" "SOURCES;LINKS;PRIVATE_LINKS;ALONE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS} imrs_options)
  if(ARG_TOOL)
    target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
    imrs_compile_together(${name} ${ARG_ALONE})
  endif()
  set_property(GLOBAL APPEND PROPERTY IMRS_TARGETS ${name})
endfunction()

# imrs_program(<program> SOURCES <files> LINKS <targets>)
function(imrs_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} imrs_options)
  set_property(GLOBAL APPEND PROPERTY IMRS_TARGETS ${name})
endfunction()

# Everything a target links, directly or through others, without repeats: what it is built with, and what it
# hands on to those that link it (an imported target has only that).
function(imrs_closure target result)
  set(todo ${target})
  set(seen "")
  while(todo)
    list(POP_FRONT todo current)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" current "${current}")
    if(current IN_LIST seen)
      continue()
    endif()
    list(APPEND seen "${current}")
    if(TARGET ${current})
      foreach(kind LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
        get_target_property(links ${current} ${kind})
        if(links)
          list(APPEND todo ${links})
        endif()
      endforeach()
    endif()
  endwhile()
  list(REMOVE_ITEM seen ${target})
  set(${result} "${seen}" PARENT_SCOPE)
endfunction()

# imrs_forbid(<target> <forbidden> ...): stops the configuration if <target> reaches one of them.
function(imrs_forbid target)
  foreach(name ${target} ${ARGN})
    if(NOT TARGET ${name})
      message(FATAL_ERROR "imrs_forbid: no target ${name}; correct its name in imrs_check_links")
    endif()
  endforeach()
  imrs_closure(${target} closure)
  foreach(bad ${ARGN})
    if("${bad}" IN_LIST closure)
      message(FATAL_ERROR "${target} links ${bad}: the design forbids it (ARCHITECTURE.md, Folders)")
    endif()
  endforeach()
endfunction()

# The dependency directions of ARCHITECTURE.md, as a check of every configuration. That a folder
# cannot quietly include another's headers is held by tests/include_directions.py.
function(imrs_check_links)
  set(heavy imrs_json imrs_prometheus imrs_ldns imrs_beast)
  imrs_forbid(imrs-engine ${heavy} OpenSSL::SSL imrs_zone imrs_transfer imrs_audit imrs_health imrs_bgp)
  imrs_forbid(imrs_answer ${heavy} imrs_engine imrs_zone imrs_transfer imrs_health imrs_bgp)
  imrs_forbid(imrs_image ${heavy} imrs_answer imrs_engine imrs_transfer imrs_health imrs_bgp)
  imrs_forbid(imrs_audit imrs_engine imrs_zone imrs_transfer imrs_health imrs_bgp)
  imrs_forbid(imrs-agent imrs_answer imrs_audit imrs_engine imrs_transfer imrs_zone imrs_ldns imrs_beast
              imrs_prometheus OpenSSL::SSL)
  imrs_forbid(imrs_health imrs_bgp imrs_answer imrs_engine imrs_transfer)
  imrs_forbid(imrs_bgp imrs_health imrs_answer imrs_engine imrs_image imrs_wire)
  imrs_forbid(imrs-zone imrs_health imrs_bgp imrs_beast imrs_prometheus)
  imrs_forbid(imrs_site imrs_bgp imrs_health imrs_zone imrs_beast)
  imrs_forbid(imrs-web imrs_preflight imrs_bgp imrs_answer imrs_engine imrs_zone imrs_transfer imrs_ldns)
endfunction()
